import type { Config } from "@sallyport/contracts";
import { secretVariables } from "@sallyport/runtime";

/**
 * INVARIANT (I5): environment variables that hold target credentials reach proxies and nobody else; a person's token
 * reaches no service.
 */
export function environmentsOf(
  config: Config,
  env: NodeJS.ProcessEnv,
): { readonly proxy: NodeJS.ProcessEnv; readonly other: NodeJS.ProcessEnv } {
  const secrets = new Set(secretVariables(config));
  const without = (forbidden: ReadonlySet<string>): NodeJS.ProcessEnv =>
    Object.fromEntries(Object.entries(env).filter(([name]) => !forbidden.has(name)));
  return {
    proxy: without(new Set(["SALLY_TOKEN"])),
    other: without(new Set(["SALLY_TOKEN", ...secrets])),
  };
}
