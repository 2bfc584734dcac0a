import { writeSync } from "node:fs";
import { expect, test } from "vitest";
import { freshSeed, longTime } from "./settings.ts";
import { fuzzCodec } from "./wire/codec.ts";

test("each message gives what says the same bytes again, or a ProtocolError, and nothing else", () => {
  const { reach, found } = fuzzCodec(freshSeed, longTime);
  writeSync(1, `${reach.text(`codec with seed ${freshSeed}`)}\n`);
  expect(found).toEqual([]);
  expect(reach.of("mutations")).toBeGreaterThan(1_000);
});
