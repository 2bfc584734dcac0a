import type { Config } from "@sallyport/contracts";
import { secretVariables, webhookSecretVariables } from "@sallyport/runtime";

/**
 * INVARIANT (I5): environment variables that hold target credentials reach proxies and nobody else, those that hold
 * webhooks' secrets reach approval and nobody else; a person's token reaches no service.
 */
export function environmentsOf(
  config: Config,
  env: NodeJS.ProcessEnv,
): Readonly<Record<"proxy" | "approval" | "other", NodeJS.ProcessEnv>> {
  const ofTargets = secretVariables(config);
  const ofWebhooks = webhookSecretVariables(config).filter((name) => !ofTargets.includes(name));
  const without = (...forbidden: readonly string[]): NodeJS.ProcessEnv =>
    Object.fromEntries(Object.entries(env).filter(([name]) => !forbidden.includes(name)));
  return {
    proxy: without("SALLY_TOKEN", ...ofWebhooks),
    approval: without("SALLY_TOKEN", ...ofTargets),
    other: without("SALLY_TOKEN", ...ofTargets, ...ofWebhooks),
  };
}
