import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import type { SecretRef } from "@sallyport/contracts";

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
