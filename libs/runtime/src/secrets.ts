import { existsSync, readFileSync } from "node:fs";
import { resolve } from "node:path";
import type { Config, SecretRef, Webhook } from "@sallyport/contracts";
import { webhookName } from "./config-webhooks.ts";

/**
 * The secret that config names, without the one newline that editors put at a file's end. Throws when it is not
 * there or empty; the error names the place, never the value.
 */
export function readSecret(ref: SecretRef, directory: string): string {
  if ("env" in ref) {
    const value = process.env[ref.env];
    if (value === undefined || value === "")
      throw new Error(`environment variable \`${ref.env}\` is not set`);
    return value;
  }
  const file = resolve(directory, ref.file);
  let value: string;
  try {
    value = readFileSync(file, "utf8").replace(/\r?\n$/, "");
  } catch (cause) {
    throw new Error(`secret file \`${ref.file}\` cannot be read`, { cause });
  }
  if (value === "") throw new Error(`secret file \`${ref.file}\` is empty`);
  return value;
}

/** Environment variables that hold target credentials: only proxies may have them (I5). */
export const secretVariables = (config: Config): string[] => [
  ...new Set(
    Object.values(config.connections).flatMap(({ credentials: { password } }) =>
      password && "env" in password ? [password.env] : [],
    ),
  ),
];

/** All that a webhook's messages are signed with. */
export const webhookSecrets = ({ secret }: Pick<Webhook, "secret">): readonly SecretRef[] =>
  Array.isArray(secret) ? secret : [secret];

/** Environment variables that hold webhooks' secrets: only approval may have them. */
export const webhookSecretVariables = (config: Config): string[] => [
  ...new Set(
    config.approvals.notify
      .flatMap(webhookSecrets)
      .flatMap((secret) => ("env" in secret ? [secret.env] : [])),
  ),
];

/** What config names and is not there, as sentences; for whoever starts proxies. */
export const missingSecrets = (config: Config, directory: string): string[] =>
  Object.entries(config.connections).flatMap(([connection, { credentials }]) =>
    credentials.password === undefined
      ? []
      : missing(`connection \`${connection}\``, credentials.password, directory),
  );

/** The same for whoever starts approval. */
export const missingWebhookSecrets = (config: Config, directory: string): string[] =>
  config.approvals.notify.flatMap((webhook) =>
    webhookSecrets(webhook).flatMap((secret) =>
      missing(`webhook \`${webhookName(webhook)}\``, secret, directory),
    ),
  );

function missing(whose: string, secret: SecretRef, directory: string): string[] {
  if ("env" in secret)
    return process.env[secret.env]
      ? []
      : [`${whose}: environment variable \`${secret.env}\` is not set`];
  return existsSync(resolve(directory, secret.file))
    ? []
    : [`${whose}: secret file \`${secret.file}\` is not there`];
}
