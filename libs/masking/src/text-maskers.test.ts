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
