import { isUtf8 } from "node:buffer";
import * as fc from "fast-check";
import { expect, test } from "vitest";
import { utf8Text } from "./utf8-text.ts";

const pieces = fc.array(
  fc.oneof(
    fc.string({ maxLength: 40 }).map((text) => Buffer.from(text)),
    fc.constantFrom("é", "𝄞", "\u0000", "\u007f", "\u0080").map((text) => Buffer.from(text)),
    fc.uint8Array({ maxLength: 3 }).map((bytes) => Buffer.from(bytes)),
  ),
  { maxLength: 3 },
);

test("gives what is UTF-8 as the runtime reads it, and null for the rest, wherever it lies", () => {
  fc.assert(
    fc.property(pieces, pieces, pieces, (before, within, after) => {
      const start = Buffer.concat(before).length;
      const bytes = Buffer.concat(within);
      const all = Buffer.concat([...before, ...within, ...after]);
      const text = utf8Text(all, start, start + bytes.length);
      expect(text).toBe(isUtf8(bytes) ? bytes.toString("utf8") : null);
    }),
    { numRuns: 500 },
  );
});
