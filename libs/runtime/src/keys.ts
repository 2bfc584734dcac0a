import {
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  randomBytes,
  type KeyObject,
} from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { createCurve, fromCurveSeed } from "@nats-io/nkeys";
import { readPrivateFile, writePrivateFile } from "./data-directory.ts";

/**
 * The keys of a deployment, one file each:
 * `masking.key` (32 bytes as base64; workers), `sealing.key` (authn's xkey seed) with `sealing.pub` (workers and
 * approval), `signing.key` (Ed25519, PKCS #8 PEM; recorder) with `signing.pub` (SPKI PEM; verifiers).
 * Each function below reads only the file that its service may have.
 */
export function makeKeys(directory: string): void {
  makeOnce(join(directory, "masking.key"), () => `${randomBytes(32).toString("base64")}\n`);
  makePair(directory, "sealing", () => {
    const { seed, publicKey } = createSealingKey();
    return { key: `${seed}\n`, pub: `${publicKey}\n` };
  });
  makePair(directory, "signing", () => {
    const { privateKey, publicKey } = generateKeyPairSync("ed25519");
    return {
      key: privateKey.export({ type: "pkcs8", format: "pem" }).toString(),
      pub: publicKey.export({ type: "spki", format: "pem" }).toString(),
    };
  });
}

/** A new X25519 xkey: `seed` is authn's alone, `publicKey` is for those who seal. */
export function createSealingKey(): { seed: string; publicKey: string } {
  const curve = createCurve();
  return { seed: new TextDecoder().decode(curve.getSeed()), publicKey: curve.getPublicKey() };
}

/** 32 bytes for the `hash` masker; the same on all workers. */
export function readMaskingKey(directory: string): Buffer {
  const key = Buffer.from(readPrivateFile(join(directory, "masking.key")).trim(), "base64");
  if (key.length !== 32)
    throw new Error(`\`${join(directory, "masking.key")}\` does not hold 32 bytes as base64`);
  return key;
}

/** authn's X25519 xkey seed, `SX…`. */
export function readSealingKey(directory: string): string {
  const file = join(directory, "sealing.key");
  const seed = readPrivateFile(file).trim();
  try {
    fromCurveSeed(new TextEncoder().encode(seed)).clear();
  } catch {
    throw new Error(`\`${file}\` does not hold an xkey seed`);
  }
  return seed;
}

/** The public half of authn's xkey, `X…`. */
export function readSealingPublicKey(directory: string): string {
  const key = readFileSync(join(directory, "sealing.pub"), "utf8").trim();
  if (!/^X[A-Z2-7]{55}$/.test(key))
    throw new Error(`\`${join(directory, "sealing.pub")}\` does not hold a public xkey`);
  return key;
}

/** The recorder's Ed25519 key. */
export const readSigningKey = (directory: string): KeyObject =>
  createPrivateKey(readPrivateFile(join(directory, "signing.key")));

export const readSigningPublicKey = (directory: string): KeyObject =>
  createPublicKey(readFileSync(join(directory, "signing.pub"), "utf8"));

function makeOnce(file: string, make: () => string): void {
  if (!existsSync(file)) writePrivateFile(file, make());
}

/** The private half is written last: when it is there, so is its public half. */
function makePair(directory: string, name: string, make: () => { key: string; pub: string }): void {
  const file = join(directory, `${name}.key`);
  if (existsSync(file)) return;
  const { key, pub } = make();
  writePrivateFile(join(directory, `${name}.pub`), pub);
  writePrivateFile(file, key);
}
