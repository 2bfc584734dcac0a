import { chmodSync, mkdtempSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createPublicKey, sign, verify, X509Certificate } from "node:crypto";
import { createCurve, fromCurveSeed } from "@nats-io/nkeys";
import { afterAll, beforeAll, expect, test } from "vitest";
import {
  makeDataDirectory,
  makeKeys,
  makeSelfSigned,
  readMaskingKey,
  readSealingKey,
  readSealingPublicKey,
  readSigningKey,
  readSigningPublicKey,
} from "./index.ts";

let root: string;
beforeAll(() => {
  root = mkdtempSync(join(tmpdir(), "sallyport-data-"));
});
afterAll(() => rmSync(root, { recursive: true }));

test("folders are 0700, files 0600, and looser ones are refused", () => {
  const { path, keys } = makeDataDirectory(join(root, "modes"));
  expect(statSync(keys).mode & 0o777).toBe(0o700);
  makeKeys(keys);
  const file = join(keys, "masking.key");
  expect(statSync(file).mode & 0o777).toBe(0o600);
  chmodSync(file, 0o640);
  expect(() => readMaskingKey(keys)).toThrow(`\`${file}\` is open to others (mode 640)`);
  chmodSync(path, 0o755);
  expect(() => makeDataDirectory(path)).toThrow("is open to others (mode 755)");
});

test("keys are made once, and their halves fit", () => {
  const { keys } = makeDataDirectory(join(root, "keys"));
  makeKeys(keys);
  const before = readFileSync(join(keys, "signing.key"), "utf8");
  makeKeys(keys);
  expect(readFileSync(join(keys, "signing.key"), "utf8")).toBe(before);
  expect(readMaskingKey(keys)).toHaveLength(32);

  const authn = fromCurveSeed(new TextEncoder().encode(readSealingKey(keys)));
  expect(authn.getPublicKey()).toBe(readSealingPublicKey(keys));
  const worker = createCurve();
  const sealed = worker.seal(Buffer.from("token"), readSealingPublicKey(keys));
  expect(Buffer.from(authn.open(sealed, worker.getPublicKey()) ?? []).toString()).toBe("token");

  const signature = sign(null, Buffer.from("x"), readSigningKey(keys));
  expect(verify(null, Buffer.from("x"), readSigningPublicKey(keys), signature)).toBe(true);
  expect(readSigningPublicKey(keys).equals(createPublicKey(readSigningKey(keys)))).toBe(true);
});

test("the listener's own certificate is kept while it fits, and is of the same authority when it does not", async () => {
  const { tls } = makeDataDirectory(join(root, "tls"));
  const read = (file: string): X509Certificate => new X509Certificate(readFileSync(file));
  const files = await makeSelfSigned(tls, ["localhost", "127.0.0.1"]);
  const first = read(files.cert);
  const ca = read(files.ca);
  expect(first.verify(ca.publicKey)).toBe(true);
  expect([first.checkIP("127.0.0.1"), first.checkHost("localhost")]).toEqual([
    "127.0.0.1",
    "localhost",
  ]);
  await makeSelfSigned(tls, ["localhost"]);
  expect(read(files.cert).fingerprint256).toBe(first.fingerprint256);
  await makeSelfSigned(tls, ["localhost", "::1"]);
  const second = read(files.cert);
  expect(second.fingerprint256).not.toBe(first.fingerprint256);
  expect(second.verify(ca.publicKey)).toBe(true);
  await makeSelfSigned(tls, ["localhost", "::1"], Date.now() + 61 * 86_400_000);
  expect(read(files.cert).fingerprint256).not.toBe(second.fingerprint256);
  expect(read(files.ca).fingerprint256).toBe(ca.fingerprint256);
});
