import * as fc from "fast-check";
import { expect, test } from "vitest";
import { textMasker } from "./text-maskers.ts";

test("email says of bytes what it says of the text", () => {
  const mask = textMasker({ kind: "email" }, Buffer.alloc(32));
  const ascii = fc.string({ unit: "binary-ascii", maxLength: 12 });
  const address = fc.tuple(
    ascii,
    fc.constantFrom("@", "@@", "@ ", ""),
    ascii,
    fc.constant("x".repeat(250)),
  );
  fc.assert(
    fc.property(address, fc.boolean(), ([local, sign, domain, long], longer) => {
      const text = local + sign + domain + (longer ? long : "");
      const split = /^([^]+)@([^\s@]{1,255})$/.exec(text);
      const expected = split ? `${split[1]?.[0]}***@${split[2]}` : "****";
      expect(mask?.(Buffer.from(text))?.toString("utf8")).toBe(expected);
    }),
    { numRuns: 500 },
  );
});

test("partial keeps the last characters, of whatever bytes they are, and never more than half", () => {
  const keep = 4;
  const mask = textMasker({ kind: "partial", keep }, Buffer.alloc(32));
  const text = fc.oneof(fc.string({ unit: "binary", maxLength: 20 }), fc.string({ maxLength: 20 }));
  fc.assert(
    fc.property(text, fc.uint8Array({ maxLength: 3 }), (said, more) => {
      const value = Buffer.concat([Buffer.from(said), more]);
      const characters = Array.from(value.toString("utf8"));
      const hidden = characters.length - Math.min(keep, Math.floor(characters.length / 2));
      const expected = "*".repeat(hidden) + characters.slice(hidden).join("");
      expect(mask?.(value)?.toString("utf8")).toBe(expected);
    }),
    { numRuns: 100 },
  );
});
