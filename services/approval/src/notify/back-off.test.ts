import { expect, test } from "vitest";
import { waitAfter } from "./back-off.ts";

test("waits double from a second to ten minutes, each spread over its upper half", () => {
  const longest = [1, 2, 3, 10, 11, 1000].map((attempts) => waitAfter(attempts, 1));
  expect(longest).toEqual([1000, 2000, 4000, 512_000, 600_000, 600_000]);
  expect(waitAfter(3, 0)).toBe(2000);
});
