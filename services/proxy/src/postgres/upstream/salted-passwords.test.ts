import { pbkdf2Sync } from "node:crypto";
import { expect, test } from "vitest";
import { saltedPassword } from "./salted-passwords.ts";

const salt = Buffer.from("W22ZaJ0SNY7soEsUEjb6gQ==", "base64");

test("each password, salt and number of iterations has its own, however often it is asked for", async () => {
  const other = Buffer.from("another salt");
  const asked = [
    ["pencil", salt, 4096],
    ["pencil ", salt, 4096],
    ["pencil", other, 4096],
    ["pencil", salt, 4095],
  ] as const;
  for (const _ of [1, 2])
    for (const [password, of, iterations] of asked) {
      const expected = pbkdf2Sync(password, of, iterations, 32, "sha256");
      expect(await saltedPassword(password, of, iterations)).toEqual(expected);
    }
});

test("what was made is kept, and let go of when many others were", async () => {
  const made = saltedPassword("kept", salt, 2);
  expect(saltedPassword("kept", Buffer.from(salt), 2)).toBe(made);
  await Promise.all(Array.from({ length: 64 }, (_, at) => saltedPassword(`other ${at}`, salt, 2)));
  expect(saltedPassword("kept", salt, 2)).not.toBe(made);
});
