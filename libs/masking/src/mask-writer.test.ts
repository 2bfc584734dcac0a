import * as fc from "fast-check";
import { expect, test } from "vitest";
import type { Masker } from "@sallyport/contracts";
import { constantWriter, maskWriterFor, type MaskSink } from "./mask-writer.ts";
import { maskerFor } from "./masker.ts";

const text = 25;
const varchar = 1043;
const bpchar = 1042;
const name = 19;
const int4 = 23;
const textArray = 1009;
const key = Buffer.alloc(32, 5);

function sinkOf(): MaskSink & { readonly size: () => number } {
  return {
    bytes: Buffer.alloc(2),
    at: 0,
    reserve(length) {
      if (this.at + length > this.bytes.length)
        this.bytes = Buffer.concat([this.bytes, Buffer.alloc(length)]);
    },
    append(source) {
      this.reserve(source.length);
      this.at += source.copy(this.bytes, this.at);
    },
    size() {
      return this.at;
    },
  };
}

const address = fc
  .tuple(fc.string({ maxLength: 6 }), fc.string({ maxLength: 140 }))
  .map(([local, domain]) => `${local}@${domain}`);
const value = fc.option(
  fc.oneof(
    fc.string({ maxLength: 20 }).map((one) => Buffer.from(one)),
    fc.string({ unit: "grapheme", maxLength: 20 }).map((one) => Buffer.from(one)),
    address.map((one) => Buffer.from(one)),
    fc.stringMatching(/^[a-z]{1,8}@[a-z]{1,12}\.[a-z]{2,3}$/).map((one) => Buffer.from(one)),
    fc.uint8Array({ maxLength: 200 }).map((one) => Buffer.from(one)),
  ),
);

const masker = fc.constantFrom<Masker[]>("null", "redact", "hash", "partial", "partial:3", "email");
const type = fc.constantFrom(
  { typeOid: text },
  { typeOid: varchar, typmod: 4 + 3 },
  { typeOid: varchar, typmod: 4 + 40 },
  { typeOid: bpchar, typmod: 4 + 30 },
  { typeOid: name },
  { typeOid: int4 },
  { typeOid: textArray },
);

test("writes what the masker gives for the value, between what lay there and what follows", () => {
  fc.assert(
    fc.property(masker, type, value, fc.nat(5), (one, of, given, before) => {
      const column = { masker: one, ...of, format: 0 as const, key };
      const expected = maskerFor(column)(given && Buffer.from(given));
      const sink = sinkOf();
      sink.append(Buffer.from("old"));
      const source = Buffer.concat([
        Buffer.alloc(before, "@"),
        given ?? Buffer.alloc(0),
        Buffer.from("@after"),
      ]);
      const written = maskWriterFor(column)(source, before, given?.length ?? -1, sink);
      const appended = sink.bytes.subarray(3, sink.at);
      expect(sink.bytes.toString("latin1", 0, 3)).toBe("old");
      expect(written ? appended : null).toEqual(expected);
      expect(written || appended.length === 0).toBe(true);
    }),
    { numRuns: 3000 },
  );
});

test("a constant leaves for every value, NULL included", () => {
  const sink = sinkOf();
  expect(constantWriter(Buffer.from("****"))(Buffer.alloc(0), 0, -1, sink)).toBe(true);
  expect(sink.bytes.toString("latin1", 0, sink.at)).toBe("****");
  expect(constantWriter(null)(Buffer.from("x"), 0, 1, sink)).toBe(false);
  expect(sink.size()).toBe(4);
});
