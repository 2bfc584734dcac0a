import { generateKeyPairSync } from "node:crypto";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { makeKeys, readSigningPublicKey } from "@sallyport/runtime";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { CliContext } from "../context.ts";
import { publicKeys } from "./public-keys.ts";

let directory: string;
let context: CliContext;
beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), "sallyport-keys-"));
  mkdirSync(join(directory, "keys"));
  makeKeys(join(directory, "keys"));
  context = {
    command: "sally verify",
    json: false,
    file: join(directory, "nothing.yaml"),
    data: directory,
    config: () => {
      throw new Error("it is not asked for");
    },
    cluster: () => {
      throw new Error("it is not asked for");
    },
  };
});
afterAll(() => rmSync(directory, { recursive: true }));

test("the deployment's own, when none is named", () => {
  const [key, ...others] = publicKeys(context, []);
  expect(others).toEqual([]);
  expect(key?.equals(readSigningPublicKey(join(directory, "keys")))).toBe(true);
});

test("a private key, a key of another kind and no key at all are refused", () => {
  const rsa = generateKeyPairSync("rsa", { modulusLength: 2048 }).publicKey;
  const other = join(directory, "rsa.pub");
  writeFileSync(other, rsa.export({ type: "spki", format: "pem" }));
  for (const file of [join(directory, "keys", "signing.key"), other, join(directory, "absent")])
    expect(() => publicKeys(context, [file])).toThrow("is no recorder's public key");
});
