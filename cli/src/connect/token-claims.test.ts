import { expect, test } from "vitest";
import { refreshAfter, unverifiedClaims } from "./token-claims.ts";

const token = (payload: string): string => `x.${Buffer.from(payload).toString("base64url")}.y`;

test.each([
  ['{"sub":"ci","exp":1700000000}', { subject: "ci", expires: 1_700_000_000_000 }],
  ['{"sub":7,"exp":"soon"}', { subject: null, expires: null }],
  ["[1]", { subject: null, expires: null }],
  ["null", { subject: null, expires: null }],
  ["{", { subject: null, expires: null }],
])("%s", (payload, claims) => {
  expect(unverifiedClaims(token(payload))).toEqual(claims);
});

test("what is no JWT says nothing", () => {
  expect(unverifiedClaims("opaque")).toEqual({ subject: null, expires: null });
});

test("the next is fetched when four fifths are over, never in a tight loop, never past what a timer takes", () => {
  expect(refreshAfter(1_000_000, 900_000)).toBe(80_000);
  expect(refreshAfter(1000, 900_000)).toBe(1000);
  expect(refreshAfter(null, 0)).toBeNull();
  expect(refreshAfter(1e15, 0)).toBe(2 ** 31 - 1);
});
