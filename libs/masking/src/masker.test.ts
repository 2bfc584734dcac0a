import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Masker } from "@sallyport/contracts";
import {
  computedConstant,
  jsonMaskerFor,
  leastRevealing,
  maskerFor,
  TooManyParts,
  withParts,
  type TypeInfo,
} from "./index.ts";
import { detectingMaskerFor } from "./masker.ts";

const key = Buffer.alloc(32, 7);
const oid = { name: 19, int4: 23, text: 25, json: 114, bpchar: 1042, varchar: 1043, texts: 1009 };
const every = ["null", "redact", "hash", "partial", "partial:2", "email"] as const;

interface Options {
  typeOid?: number;
  typmod?: number;
  typeInfo?: TypeInfo;
  format?: 0 | 1;
  key?: Buffer;
}

const mask = (masker: Masker, value: string | Buffer | null, options: Options = {}) =>
  maskerFor({ masker, typeOid: oid.text, format: 0, key, ...options })(
    typeof value === "string" ? Buffer.from(value) : value,
  )?.toString("utf8") ?? null;

describe("on a text", () => {
  test.each<[Masker, string, string | null]>([
    ["null", "alice", null],
    ["redact", "alice", "****"],
    ["redact", "", "****"],
    ["partial", "4111111111111111", "************1111"],
    ["partial", "alice", "***ce"],
    ["partial", "a", "*"],
    ["partial", "", ""],
    ["partial:2", "4111111111111111", "**************11"],
    ["partial:99", "12345678", "****5678"],
    ["partial", "žluťoučký kůň", "********* kůň"],
    ["partial", "👩‍🚀ab", "***ab"],
    ["email", "alice@example.com", "a***@example.com"],
    ["email", "élodie@example.com", "é***@example.com"],
    ["email", "😀@example.com", "😀***@example.com"],
    ["email", '"a@b"@example.com', '"***@example.com'],
    ["email", "alice", "****"],
    ["email", "@example.com", "****"],
    ["email", "alice@", "****"],
    ["email", "card 4111 of a@example.com, call back", "****"],
    ["email", "", "****"],
  ])("%s of %j is %j", (masker, value, masked) => {
    expect(mask(masker, value)).toBe(masked);
  });

  test("hash is 26 characters of base32, and depends on the value and the key alone", () => {
    const hashed = mask("hash", "alice");
    expect(hashed).toMatch(/^[a-z2-7]{26}$/);
    // openssl dgst -sha256 -mac HMAC -macopt hexkey:0707… | base32
    expect(hashed).toBe("nkefdrmq3xvvulvauubxi6mlz2");
    expect(mask("hash", "alice", { format: 1 })).toBe(hashed);
    expect(mask("hash", "bob")).not.toBe(hashed);
    expect(mask("hash", "alice", { key: Buffer.alloc(32, 8) })).not.toBe(hashed);
  });

  test("a short key makes no hash, and a masker that is none masks nothing silently", () => {
    expect(() => mask("hash", "alice", { key: Buffer.alloc(31) })).toThrow("shorter than 32 bytes");
    expect(() => mask("reverse", "alice")).toThrow("unknown masker `reverse`");
  });

  test("NULL stays NULL under every masker, type and format", () => {
    for (const masker of every)
      for (const typeOid of Object.values(oid))
        for (const format of [0, 1] as const)
          expect(mask(masker, null, { typeOid, format })).toBeNull();
  });

  test("partial keeps no malformed byte", () => {
    const value = Buffer.from([0x61, 0xff, 0xfe, 0x62, 0xe9, 0xe9]);
    expect(mask("partial", value)).toBe("***b\ufffd\ufffd");
  });
});

describe("on a type with a limit", () => {
  const of = (characters: number) => ({ typeOid: oid.varchar, typmod: characters + 4 });

  test("varchar(n) holds what fits, counted in characters, else NULL", () => {
    expect(mask("redact", "abc", of(4))).toBe("****");
    expect(mask("redact", "abc", of(3))).toBeNull();
    expect(mask("hash", "abc", of(26))).toHaveLength(26);
    expect(mask("hash", "abc", of(25))).toBeNull();
    expect(mask("partial", "ůůůů", of(4))).toBe("**ůů");
    expect(mask("email", "a@b.cz", of(9))).toBe("a***@b.cz");
    expect(mask("email", "a@b.cz", of(8))).toBeNull();
    expect(mask("hash", "abc", { typeOid: oid.varchar, typmod: -1 })).toHaveLength(26);
  });

  test("char(n) is masked without its padding and padded again", () => {
    const char10 = { typeOid: oid.bpchar, typmod: 14 };
    expect(mask("partial", "abcdef    ", char10)).toBe("***def    ");
    expect(mask("redact", "          ", char10)).toBe("****      ");
    expect(mask("hash", "abc       ", { typeOid: oid.bpchar })).toBe(mask("hash", "abc"));
  });

  test("name holds 63 bytes", () => {
    const value = `a@${"x".repeat(57)}`;
    expect(mask("email", value, { typeOid: oid.name })).toBe(`a***@${"x".repeat(57)}`);
    expect(mask("email", `${value}é`, { typeOid: oid.name })).toBeNull();
  });
});

describe("on other types", () => {
  test("what cannot hold a text is NULL", () => {
    const types = { int4: 23, json: 114, jsonb: 3802, xml: 142, bytea: 17, date: 1082 };
    for (const typeOid of [...Object.values(types), 18, 1007, 199, 3807, 2249, 99_999])
      for (const masker of every)
        for (const format of [0, 1] as const)
          expect(mask(masker, "12", { typeOid, format })).toBeNull();
  });

  test("an extension's text and a domain over text are texts", () => {
    expect(mask("redact", "x", { typeOid: 16_500, typeInfo: { category: "S" } })).toBe("****");
    const domain = { category: "S", baseOid: oid.varchar };
    expect(mask("hash", "x", { typeOid: 16_501, typmod: 9, typeInfo: domain })).toBeNull();
    expect(mask("partial", "abcd", { typeOid: 16_501, typmod: 9, typeInfo: domain })).toBe("**cd");
    expect(mask("redact", "1", { typeOid: 16_502, typeInfo: { category: "N", baseOid: 23 } })).toBe(
      null,
    );
    expect(mask("redact", "on", { typeOid: 16_503, typeInfo: { category: "E" } })).toBeNull();
  });
});

describe("on an array in text form", () => {
  const array = { typeOid: oid.texts };

  test.each([
    ["{}", "{}"],
    ["{alice,bob}", "{***ce,**b}"],
    ["{alice,NULL,nullify}", "{***ce,NULL,****ify}"],
    ['{"NULL",""}', '{**LL,""}'],
    ['{"say \\"hi\\"","a\\\\b"}', '{"****\\"hi\\"",**b}'],
    ["{{ab,cd},{ef,gh}}", "{{*b,*d},{*f,*h}}"],
    ["[0:1][-2:-2]={{ab},{cd}}", "[0:1][-2:-2]={{*b},{*d}}"],
    ['{"ab\ncd","{x}y"}', '{***cd,"**}y"}'],
    ["{žlutý}", "{***tý}"],
  ])("%j becomes %j", (value, masked) => {
    expect(mask("partial", value, array)).toBe(masked);
  });

  test("what is no array is NULL whole", () => {
    for (const value of [
      "",
      "alice",
      "{",
      "{alice",
      '{"alice}',
      "{a}b",
      "}",
      "{,}",
      "{a b}",
      "{a}{b}",
      "[1:2]",
      "[1]={a}",
      "{{a}b}",
      "{{{{{{{a}}}}}}}",
      'x{"a"}',
      '{"a\\',
    ])
      expect(mask("redact", value, array)).toBeNull();
  });

  test("an element that does not fit is NULL", () => {
    const short = { typeOid: 1015, typmod: 8 };
    expect(mask("email", "{a@b,x}", short)).toBe("{NULL,****}");
    expect(mask("hash", "{a,b}", short)).toBe("{NULL,NULL}");
  });

  test("an array of an extension's or a domain's elements is masked, one of numbers is NULL", () => {
    const info = { category: "A", elementOid: 16_500, element: { category: "S" } };
    expect(mask("redact", "{a}", { typeOid: 16_600, typeInfo: info })).toBe("{****}");
    const ofDomain = { ...info, element: { category: "S", baseOid: oid.text } };
    expect(mask("redact", "{a}", { typeOid: 16_600, typeInfo: ofDomain })).toBe("{****}");
    const ofNumbers = { ...info, element: { category: "N", baseOid: oid.int4 } };
    expect(mask("redact", "{1}", { typeOid: 16_600, typeInfo: ofNumbers })).toBeNull();
    const domainOverArray = { category: "A", baseOid: oid.texts };
    expect(mask("redact", "{a}", { typeOid: 16_601, typeInfo: domainOverArray })).toBe("{****}");
  });
});

describe("on an array in binary form", () => {
  const masked = (masker: Masker, value: Buffer) =>
    maskerFor({ masker, typeOid: oid.texts, format: 1, key })(value);

  test("elements, NULLs and dimensions stay in their places", () => {
    expect(masked("partial", binaryArray([2, 1], ["alice", null]))).toEqual(
      binaryArray([2, 1], ["***ce", null]),
    );
    expect(masked("redact", binaryArray([], []))).toEqual(binaryArray([], []));
    expect(masked("null", binaryArray([1], ["alice"]))).toBeNull();
  });

  test("malformed bytes are NULL whole, wherever they are cut or changed", () => {
    const good = binaryArray([2], ["alice", "robert"]);
    for (let end = 0; end < good.length; end++)
      expect(masked("redact", good.subarray(0, end))).toBeNull();
    expect(masked("redact", Buffer.concat([good, Buffer.from("x")]))).toBeNull();
    const changed = (at: number, value: number) => {
      const bytes = Buffer.from(good);
      bytes.writeInt32BE(value, at);
      return masked("redact", bytes);
    };
    for (const count of [-1, 0, 2, 7, 2 ** 31 - 1]) expect(changed(0, count)).toBeNull();
    expect(changed(8, oid.varchar)).toBeNull();
    for (const size of [-1, 0, 1, 3, 2 ** 31 - 1]) expect(changed(12, size)).toBeNull();
    for (const length of [-2, -1, 4, 6, 100, 2 ** 31 - 1]) expect(changed(20, length)).toBeNull();
  });

  const headerLimit = 12 + 6 * 8;

  test("any bytes give NULL or an array without any of the elements' letters", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 64 }), (bytes) => {
        const out = masked("redact", Buffer.from(bytes));
        expect(out === null || out.length <= headerLimit || out.includes("****")).toBe(true);
      }),
    );
  });
});

describe("of any text", () => {
  const anyText = fc.oneof(
    fc.string({ unit: "grapheme" }),
    fc.string({ unit: "binary" }),
    fc.emailAddress(),
  );

  const shapes = {
    null: /^NULL$/,
    redact: /^\*{4}$/,
    hash: /^[a-z2-7]{26}$/,
    email: /^(\*{4}|[^]\*{3}@[^\s@]+)$/u,
  };

  test.each(Object.entries(shapes))("%s has its shape", (masker: Masker, shape: RegExp) => {
    fc.assert(
      fc.property(anyText, (value) => {
        expect(mask(masker, value) ?? "NULL").toMatch(shape);
      }),
    );
  });

  test("partial keeps at most half", () => {
    fc.assert(
      fc.property(anyText, fc.integer({ min: 1, max: 99 }), (value, most) => {
        const characters = Array.from(Buffer.from(value).toString());
        const hidden = characters.length - Math.min(most, Math.floor(characters.length / 2));
        const shown = characters.slice(hidden).join("");
        expect(mask(`partial:${most}`, value)).toBe("*".repeat(hidden) + shown);
      }),
    );
  });

  test("both forms of an array and the bare text agree", () => {
    fc.assert(
      fc.property(
        fc.array(fc.option(anyText), { minLength: 1, maxLength: 5 }),
        fc.constantFrom(...every.slice(1)),
        (values, masker) => {
          const column = { masker, typeOid: oid.texts, key };
          const alone = values.map((value) => mask(masker, value));
          const binary = maskerFor({ ...column, format: 1 })(binaryArray([values.length], values));
          expect(binary).toEqual(binaryArray([values.length], alone));
          const text = maskerFor({ ...column, format: 0 })(Buffer.from(textArray(values)));
          expect(mask("redact", text, { typeOid: oid.texts })).toBe(
            `{${alone.map((value) => (value === null ? "NULL" : "****")).join(",")}}`,
          );
        },
      ),
    );
  });

  test("a long array is walked without running out of stack", () => {
    const long = "\\\\".repeat(2_000_000);
    expect(mask("redact", `{"${long}"}`, { typeOid: oid.texts })).toBe("{****}");
  });
});

test("an output computed from masked columns is one constant of its type", () => {
  for (const typeOid of [oid.text, oid.varchar, oid.name])
    for (const format of [0, 1] as const)
      expect(computedConstant(typeOid, format)?.toString()).toBe("****");
  expect(computedConstant(oid.bpchar, 0, undefined, 10)?.toString()).toBe("****  ");
  expect(computedConstant(oid.varchar, 0, undefined, 7)).toBeNull();
  expect(computedConstant(16_500, 0, { category: "S" })?.toString()).toBe("****");
  for (const typeOid of [oid.int4, oid.texts, oid.json, 16, 20, 16_500])
    expect(computedConstant(typeOid, 0)).toBeNull();
});

test("of two masks the less revealing one is taken, in either order", () => {
  const ascending = [
    "null",
    "redact",
    "hash",
    "partial:1",
    "partial:3",
    "partial",
    "partial:12",
    "email",
  ];
  for (const [n, less] of ascending.entries())
    for (const more of ascending.slice(n)) {
      expect(leastRevealing(less, more)).toBe(less);
      expect(leastRevealing(more, less)).toBe(less);
    }
});

test("dates go by unit, numbers by step or digits, and what no type could hold is null", () => {
  const ascending: Masker[][] = [
    ["null", "date:year", "date:quarter", "date:month", "date:week", "date:day", "date:hour"],
    ["null", "round:1000", "round:100", "round:5", "round:1", "round:0.5", "round:0.05"],
    ["null", "digits:1", "digits:3", "digits:15"],
  ];
  for (const family of ascending)
    for (const [n, less] of family.entries())
      for (const more of family.slice(n)) {
        expect(leastRevealing(less, more)).toBe(less);
        expect(leastRevealing(more, less)).toBe(less);
      }
  const apart: [Masker, Masker][] = [
    ["redact", "date:month"],
    ["email", "round:10"],
    ["date:year", "digits:1"],
    ["round:10", "digits:1"],
    ["round:7", "round:10"],
  ];
  for (const [one, other] of apart) {
    expect(leastRevealing(one, other)).toBe("null");
    expect(leastRevealing(other, one)).toBe("null");
  }
});

test("a uuid is hashed into a uuid, the same in both formats", () => {
  const of = (format: 0 | 1) => maskerFor({ masker: "hash", typeOid: 2950, format, key });
  const text = "0f8fad5b-d9cb-469f-a165-70867728950e";
  const masked = of(0)(Buffer.from(text))?.toString();
  expect(masked).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
  expect(masked).not.toBe(text);
  const binary = of(1)(Buffer.from(text.replaceAll("-", ""), "hex"));
  expect(binary?.toString("hex")).toBe(masked?.replaceAll("-", ""));
  expect(of(1)(Buffer.alloc(15))).toBeNull();
  expect(of(0)(Buffer.from("x"))).toBeNull();
});

/** array_send's layout, written a second time. */
function binaryArray(sizes: readonly number[], values: readonly (string | null)[]): Buffer {
  const int = (value: number) => {
    const bytes = Buffer.alloc(4);
    bytes.writeInt32BE(value);
    return bytes;
  };
  return Buffer.concat([
    int(sizes.length),
    int(values.includes(null) ? 1 : 0),
    int(oid.text),
    ...sizes.flatMap((size) => [int(size), int(1)]),
    ...values.flatMap((value) =>
      value === null ? [int(-1)] : [int(Buffer.byteLength(value)), Buffer.from(value)],
    ),
  ]);
}

const textArray = (values: readonly (string | null)[]) =>
  `{${values.map((value) => (value === null ? "NULL" : `"${value.replace(/["\\]/g, "\\$&")}"`)).join(",")}}`;

describe("what is masked at once may have so many parts", () => {
  const elements = (count: number) => Buffer.from(`{${Array(count).fill("a").join()}}`);
  const texts = maskerFor({ typeOid: oid.texts, format: 0, key, masker: "redact" });
  const numbers = (count: number) => Buffer.from(`{"a":[${Array(count).fill("1").join()}]}`);
  const places = jsonMaskerFor({ typeOid: 114, format: 0, key }, [
    { path: [{ kind: "name", name: "a" }], masker: "redact" },
  ]);

  test.each([
    ["elements of an array", texts, elements],
    ["places of a document", places, numbers],
  ] as const)("%s", (_, take, made) => {
    expect(withParts(100, () => take(made(90)))).not.toBeNull();
    expect(() => withParts(100, () => take(made(101)))).toThrow(TooManyParts);
    expect(take(made(101))).not.toBeNull();
  });

  test("and many columns have no more", () => {
    const both = () => [texts(elements(60)), texts(elements(60))];
    expect(() => withParts(100, both)).toThrow(TooManyParts);
    expect(withParts(120, both)).toHaveLength(2);
  });

  test("what is passed over counts less", () => {
    const other = Buffer.from(
      `{"b":[${Array(500).fill("1").join()}],"c":${"[".repeat(500)}${"]".repeat(500)}}`,
    );
    expect(withParts(100, () => places(other))).toEqual(other);
  });
});

test("detectors find so many things at once, and no more", () => {
  const asked = { card: "redact", email: "redact", iban: "redact", secret: "redact" } as const;
  const detecting = detectingMaskerFor({ typeOid: oid.text, format: 0, key }, asked, () => {});
  for (const one of ["a@b.de ", "4111 1111 1111 1111;", "DE89370400440532013000 "]) {
    expect(withParts(101, () => detecting?.(Buffer.from(one.repeat(100))))).not.toBeNull();
    expect(() => withParts(100, () => detecting?.(Buffer.from(one.repeat(101))))).toThrow(
      TooManyParts,
    );
  }
});
