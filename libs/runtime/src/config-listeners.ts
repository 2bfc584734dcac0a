import type { Config } from "@sallyport/contracts";
import type { Finding } from "./config-meaning.ts";
import { pathMistake } from "./config-paths.ts";
import { isLoopback } from "./loopback.ts";
import { addressText } from "./ready.ts";

type Listen = Config["listen"];

/** Listeners take tokens: they are on loopback or speak TLS; no two have one address. */
export function listenerMistakes(
  listen: Listen,
  directory: string,
  issuers: readonly string[],
): Finding[] {
  const findings: Finding[] = [];
  const { oauth } = listen.postgres;
  if (oauth !== "off" && oauth.issuer !== undefined && !issuers.includes(oauth.issuer))
    findings.push({
      path: ["listen", "postgres", "oauth", "issuer"],
      message: `no issuer \`${oauth.issuer}\` is in \`identity.issuers\``,
      hint: `it takes one of ${issuers.map((name) => `\`${name}\``).join(", ")}`,
    });
  const known = new Map<string, string>();
  for (const [name, { address, tls }] of Object.entries(listen)) {
    const path = ["listen", name];
    if (tls === "off" && !isLoopback(address.host))
      findings.push({
        path,
        message: `\`listen.${name}\` takes tokens on \`${addressText(address)}\` without TLS`,
        hint:
          name === "postgres"
            ? "`tls: off` is for loopback only: give `tls: self-signed` or `tls: { cert: FILE, key: FILE }`"
            : "listen on loopback, or give `tls: { cert: FILE, key: FILE }`",
      });
    if (typeof tls === "object")
      findings.push(
        ...pathMistake(directory, tls.cert, [...path, "tls", "cert"], "file"),
        ...pathMistake(directory, tls.key, [...path, "tls", "key"], "file"),
      );
    if (address.port === 0) continue;
    const twin = known.get(addressText(address));
    if (twin !== undefined)
      findings.push({
        path,
        message: `\`listen.${twin}\` and \`listen.${name}\` have the same address \`${addressText(address)}\``,
        hint: "give each its own port, or port 0 for a free one",
      });
    known.set(addressText(address), name);
  }
  return findings;
}
