import { createPublicKey, type KeyObject } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { dataDirectory } from "@sallyport/runtime";
import { CliError } from "../cli-error.ts";
import type { CliContext } from "../context.ts";

/** The public keys that were named, or the one that lies with the deployment's. @throws {CliError} */
export function publicKeys(context: CliContext, files: readonly string[]): KeyObject[] {
  if (files.length > 0) return files.map(readPublicKey);
  const loaded = existsSync(context.file) ? context.config() : undefined;
  const directory = loaded?.config.keys
    ? loaded.resolve(loaded.config.keys.directory)
    : dataDirectory(context.data).keys;
  return [readPublicKey(join(directory, "signing.pub"))];
}

function readPublicKey(file: string): KeyObject {
  try {
    const text = readFileSync(file, "utf8");
    // A private key has a public half, too, but has no business with whoever verifies.
    if (!text.includes("PRIVATE")) {
      const key = createPublicKey(text);
      if (key.asymmetricKeyType === "ed25519") return key;
    }
  } catch (cause) {
    throw notThere(file, cause);
  }
  throw notThere(file);
}

const notThere = (file: string, cause?: unknown): CliError =>
  new CliError(`\`${file}\` is no recorder's public key that can be read`, {
    hint: "--key names it: your own copy of keys/signing.pub",
    cause,
  });
