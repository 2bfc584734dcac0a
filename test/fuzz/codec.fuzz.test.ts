import { writeSync } from "node:fs";
import { expect, test } from "vitest";
import { fixedSeed } from "./settings.ts";
import { fuzzCodec } from "./wire/codec.ts";

test("each message gives what says the same bytes again, or a ProtocolError, and nothing else", () => {
  const { reach, found } = fuzzCodec(fixedSeed, 30_000);
  writeSync(1, `${reach.text(`codec with seed ${fixedSeed}`)}\n`);
  expect(found).toEqual([]);
  expect(reach.of("mutations")).toBeGreaterThan(1_000);
});
