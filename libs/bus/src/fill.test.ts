import { expect, test } from "vitest";
import { fillOf } from "./fill.ts";

test("sessions stop above 75 %, commands above 90 %, and what cannot be read stops both", () => {
  expect([0, 75, 76, 90, 91, 100].map((bytes) => fillOf(bytes, 100))).toEqual([
    "open",
    "open",
    "no-sessions",
    "no-sessions",
    "no-commands",
    "no-commands",
  ]);
  expect(fillOf(Number.NaN, 100)).toBe("no-commands");
  expect(fillOf(1, -1)).toBe("no-commands");
});
