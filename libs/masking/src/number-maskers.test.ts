import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Masker } from "@sallyport/contracts";
import { maskerFor } from "./index.ts";
import { readNumeric, writeNumeric } from "./numeric-binary.ts";

const key = Buffer.alloc(32, 7);
const oid = { int2: 21, int4: 23, int8: 20, numeric: 1700, float4: 700, float8: 701, money: 790 };

const mask = (masker: Masker, value: string, typeOid: number, typmod = -1): string | null =>
  maskerFor({ masker, typeOid, typmod, format: 0, key })(Buffer.from(value))?.toString() ?? null;

describe("as text", () => {
  test.each<[Masker, number, string, string | null]>([
    ["round:100", oid.int4, "1234", "1200"],
    ["round:100", oid.int4, "1250", "1300"],
    ["round:100", oid.int4, "-1250", "-1300"],
    ["round:100", oid.int4, "49", "0"],
    ["round:100", oid.int4, "-49", "0"],
    ["round:1000", oid.int2, "32767", "32000"],
    ["round:1000", oid.int2, "-32768", "-32000"],
    ["round:100000", oid.int2, "32767", "0"],
    ["round:10", oid.int4, "2147483647", "2147483640"],
    ["round:10", oid.int8, "9223372036854775807", "9223372036854775800"],
    ["round:7", oid.int4, "10", "7"],
    ["round:0.5", oid.int4, "10", "10"],
    ["digits:2", oid.int4, "98765", "99000"],
    ["digits:1", oid.int4, "98765", "100000"],
    ["digits:2", oid.int2, "32767", "32000"],
    ["digits:2", oid.int4, "7", "7"],
    ["round:100", oid.numeric, "1234.56", "1200.00"],
    ["round:0.1", oid.numeric, "1234.56", "1234.60"],
    ["round:0.5", oid.numeric, "-1234.75", "-1235.00"],
    ["round:0.05", oid.numeric, "7.3", "7.3"],
    ["digits:2", oid.numeric, "0.012345", "0.012000"],
    ["digits:3", oid.numeric, "123456789012345678901234567890", "123000000000000000000000000000"],
    ["round:10", oid.numeric, "NaN", "NaN"],
    ["round:10", oid.numeric, "-Infinity", "-Infinity"],
    ["digits:2", oid.float8, "123.456", "120"],
    ["digits:2", oid.float8, "1.2345e+20", "120000000000000000000"],
    ["digits:1", oid.float8, "1.7976931348623157e+308", "1e+308"],
    ["digits:2", oid.float8, "1.2345e-300", "1.2e-300"],
    ["round:0.1", oid.float8, "0.3", "0.3"],
    ["round:100", oid.float8, "-3", "0"],
    ["round:10", oid.float8, "Infinity", "Infinity"],
    ["round:10", oid.float4, "NaN", "NaN"],
    ["digits:1", oid.float4, "3.4028235e+38", "3e+38"],
    ["round:0.1", oid.float4, "0.45", "0.5"],
    ["round:10", oid.money, "-$1,234.56", "-$1,230.00"],
    ["round:1000", oid.money, "$999.99", "$1,000.00"],
    ["round:10", oid.money, "1.234,56 €", null],
    ["round:10", oid.int4, "", null],
    ["round:10", oid.int4, "1 000", null],
    ["round:10", oid.numeric, "9".repeat(1001), null],
  ])("%s of a %s %s is %s", (masker, typeOid, value, masked) => {
    expect(mask(masker, value, typeOid)).toBe(masked);
  });

  test("a numeric keeps within what its column declares", () => {
    const declared = (precision: number, scale: number): number =>
      ((precision << 16) | (scale & 0x7ff)) + 4;
    expect(mask("round:10", "99.99", oid.numeric, declared(4, 2))).toBe("90.00");
    expect(mask("round:10", "99.99", oid.numeric, declared(5, 2))).toBe("100.00");
    expect(mask("digits:1", "-9.9", oid.numeric, declared(2, 1))).toBe("-9.0");
    expect(mask("round:1000", "9900", oid.numeric, declared(2, -2))).toBe("9000");
    expect(mask("digits:1", "0.0099", oid.numeric, declared(2, 4))).toBe("0.0090");
  });

  test("other maskers and other types give NULL", () => {
    for (const masker of ["redact", "hash", "partial", "email", "date:year"] as const)
      for (const typeOid of Object.values(oid)) expect(mask(masker, "1", typeOid)).toBeNull();
    for (const typeOid of [25, 1043, 1082, 16, 26, 2950, 114])
      expect(mask("round:10", "1", typeOid)).toBeNull();
  });
});

describe("any number", () => {
  const masker = fc.oneof(
    fc.bigInt({ min: 1n, max: 10n ** 15n - 1n }).map((step): Masker => `round:${step}`),
    fc.constantFrom<Masker>("round:0.5", "round:0.01", "round:0.00002"),
    fc.integer({ min: 1, max: 15 }).map((digits): Masker => `digits:${digits}`),
  );
  const numeric = fc
    .tuple(fc.bigInt({ min: -(10n ** 60n), max: 10n ** 60n }), fc.integer({ min: 0, max: 70 }))
    .map(([digits, scale]) => ({ digits, scale }));

  test("of an integer type stays one, is masked once and for all, the same as text and as bytes", () => {
    const kinds = [
      [oid.int2, 2],
      [oid.int4, 4],
      [oid.int8, 8],
    ] as const;
    fc.assert(
      fc.property(fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }), masker, (wide, by) => {
        for (const [typeOid, size] of kinds) {
          const value = BigInt.asIntN(8 * size, wide);
          const text = mask(by, String(value), typeOid);
          const bytes = Buffer.alloc(8);
          bytes.writeBigInt64BE(value);
          const binary = maskerFor({ masker: by, typeOid, format: 1, key })(
            bytes.subarray(8 - size),
          );
          expect(binary?.readIntBE(0, Math.min(size, 6))).toBe(
            size === 8 ? Number(BigInt(text ?? "") >> 16n) : Number(text),
          );
          expect(mask(by, text ?? "", typeOid)).toBe(text);
          expect(BigInt.asIntN(8 * size, BigInt(text ?? ""))).toBe(BigInt(text ?? ""));
        }
      }),
    );
  });

  test("of type numeric is the same as text and as bytes", () => {
    fc.assert(
      fc.property(numeric, masker, (value, by) => {
        expect(readNumeric(writeNumeric(value))).toEqual(value);
        const binary = maskerFor({ masker: by, typeOid: oid.numeric, format: 1, key })(
          writeNumeric(value),
        );
        const read = binary && readNumeric(binary);
        const sign = value.digits < 0n ? "-" : "";
        const digits = (value.digits < 0n ? -value.digits : value.digits)
          .toString()
          .padStart(value.scale + 1, "0");
        const point = digits.length - value.scale;
        const text = `${sign}${digits.slice(0, point)}.${digits.slice(point)}`.replace(/\.$/, "");
        const masked = mask(by, text, oid.numeric);
        expect(
          read && read !== "special" ? Number(read.digits) / 10 ** read.scale : NaN,
        ).toBeCloseTo(Number(masked), -45);
        expect(mask(by, masked ?? "", oid.numeric)).toBe(masked);
      }),
    );
  });

  test("as floating point is finite, masked once and for all, the same as text and as bytes", () => {
    fc.assert(
      fc.property(fc.double({ noNaN: true, noDefaultInfinity: true }), masker, (value, by) => {
        const bytes = Buffer.alloc(8);
        bytes.writeDoubleBE(value);
        const binary = maskerFor({ masker: by, typeOid: oid.float8, format: 1, key })(bytes);
        const text = mask(by, String(value), oid.float8);
        expect(binary?.readDoubleBE() ?? null).toBe(text === null ? null : Number(text));
        expect(text === null || Number.isFinite(Number(text))).toBe(true);
        expect(text && mask(by, text, oid.float8)).toBe(text);
      }),
    );
  });

  test("of bytes that are no number is NULL", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 40 }), masker, (given, by) => {
        const bytes = Buffer.from(given);
        const masked = maskerFor({ masker: by, typeOid: oid.numeric, format: 1, key })(bytes);
        expect(masked === null || readNumeric(masked) !== null).toBe(true);
        const short = maskerFor({ masker: by, typeOid: oid.int4, format: 1, key })(bytes);
        expect(short === null).toBe(bytes.length !== 4);
      }),
    );
  });
});
