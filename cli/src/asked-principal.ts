import type { Principal } from "@sallyport/contracts";
import { CliError } from "./cli-error.ts";

/** A principal made up for a question: `corp#alice` in groups `corp/dba`; `ci` stands for `corp/ci` of its issuer. */
export function askedPrincipal(
  id: string,
  options: {
    readonly groups: readonly string[];
    readonly kind: Principal["kind"];
    readonly claims: Principal["claims"];
  },
): Principal {
  const [, issuer, subject] = /^([a-z][a-z0-9-]*)#(.+)$/s.exec(id) ?? [];
  if (issuer === undefined || subject === undefined)
    throw new CliError(`a principal is written \`corp#ci-runner\`, not \`${id}\``, { exitCode: 2 });
  return {
    id,
    issuer,
    subject,
    kind: options.kind,
    groups: options.groups.map((group) => (group.includes("/") ? group : `${issuer}/${group}`)),
    delegation: [],
    token: "asked",
    claims: options.claims,
  };
}
