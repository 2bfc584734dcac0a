import { createSealingKey } from "@sallyport/runtime";
import { expect, test } from "vitest";
import { Opener, Sealer } from "./sealed.ts";

test("what is sealed is opened by the recipient only, and says its sender truly", () => {
  const authn = createSealingKey();
  const opener = new Opener(authn.seed);
  expect(opener.publicKey).toBe(authn.publicKey);
  const sealed = new Sealer(authn.publicKey).seal("a token, ü");
  expect(Buffer.from(sealed.sealed, "base64").toString("latin1")).not.toContain("token");
  expect(opener.open(sealed)).toBe("a token, ü");
  expect(new Opener(createSealingKey().seed).open(sealed)).toBeNull();
  expect(opener.open({ ...sealed, sender: createSealingKey().publicKey })).toBeNull();
  expect(opener.open({ ...sealed, sender: "X" })).toBeNull();
  expect(opener.open({ ...sealed, sealed: "" })).toBeNull();
  const cut = Buffer.from(sealed.sealed, "base64").subarray(0, -1).toString("base64");
  expect(opener.open({ ...sealed, sealed: cut })).toBeNull();
});

test("two boxes of one text differ, and a wrong key is refused at the start", () => {
  const sealer = new Sealer(createSealingKey().publicKey);
  expect(sealer.seal("x").sealed).not.toBe(sealer.seal("x").sealed);
  expect(() => new Sealer("nonsense")).toThrow(/./);
  expect(() => new Opener("nonsense")).toThrow(/./);
});
