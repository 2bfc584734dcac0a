import { createHash } from "node:crypto";
import * as fc from "fast-check";
import { expect, test } from "vitest";
import { OutputHash } from "./output-hash.ts";

test("is that of all pieces one after the other, whoever writes to those that do not stay", () => {
  const piece = fc.record({
    length: fc.oneof(fc.nat(40), fc.constantFrom(8191, 8192, 8193, 20_000)),
    stays: fc.boolean(),
  });
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 5 }), (pieces) => {
      const hash = new OutputHash();
      const plain = createHash("sha256");
      for (const [index, { length, stays }] of pieces.entries()) {
        const bytes = Buffer.alloc(length, index + 1);
        hash.add(bytes, stays);
        plain.update(Buffer.from(bytes));
        if (!stays) bytes.fill(0xff);
      }
      expect(hash.digest()).toBe(plain.digest("hex"));
    }),
  );
});
