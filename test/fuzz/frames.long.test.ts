import { writeSync } from "node:fs";
import { expect, test } from "vitest";
import { freshSeed, longTime } from "./settings.ts";
import { fuzzFrames } from "./wire/frames.ts";

test("a stream cut anywhere gives the frames that are in it, or the error that it holds, and no more is kept than may be", () => {
  const { reach, found } = fuzzFrames(freshSeed, longTime);
  writeSync(1, `${reach.text(`frames with seed ${freshSeed}`)}\n`);
  expect(found).toEqual([]);
  expect(reach.of("mutations")).toBeGreaterThan(1_000);
});
