import type { Config } from "@sallyport/contracts";
import { secretVariables, webhookSecretVariables } from "@sallyport/runtime";

/**
 * INVARIANT (I5): environment variables that hold target credentials reach proxies and nobody else, those that hold
 * webhooks' secrets reach approval and nobody else, those of the S3 client who archives or reads the archive; a
 * person's token reaches no service.
 */
export function environmentsOf(
  config: Config,
  env: NodeJS.ProcessEnv,
): Readonly<Record<"proxy" | "approval" | "archive" | "other", NodeJS.ProcessEnv>> {
  const ofTargets = secretVariables(config);
  const ofWebhooks = webhookSecretVariables(config).filter((name) => !ofTargets.includes(name));
  const ofArchive = Object.keys(env).filter(
    (name) => name.startsWith("AWS_") && ![...ofTargets, ...ofWebhooks].includes(name),
  );
  const without = (...forbidden: readonly string[]): NodeJS.ProcessEnv =>
    Object.fromEntries(Object.entries(env).filter(([name]) => !forbidden.includes(name)));
  return {
    proxy: without("SALLY_TOKEN", ...ofWebhooks, ...ofArchive),
    approval: without("SALLY_TOKEN", ...ofTargets),
    archive: without("SALLY_TOKEN", ...ofTargets, ...ofWebhooks),
    other: without("SALLY_TOKEN", ...ofTargets, ...ofWebhooks, ...ofArchive),
  };
}
