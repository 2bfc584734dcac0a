import { existsSync, readFileSync } from "node:fs";
import { resolve } from "node:path";
import type { Config, SecretRef } from "@sallyport/contracts";

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

/** What config names and is not there, as sentences; for whoever starts proxies. */
export function missingSecrets(config: Config, directory: string): string[] {
  return Object.entries(config.connections).flatMap(([connection, { credentials }]) => {
    const { password } = credentials;
    if (!password) return [];
    if ("env" in password)
      return process.env[password.env]
        ? []
        : [`connection \`${connection}\`: environment variable \`${password.env}\` is not set`];
    return existsSync(resolve(directory, password.file))
      ? []
      : [`connection \`${connection}\`: secret file \`${password.file}\` is not there`];
  });
}
