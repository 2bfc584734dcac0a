import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { readJsonPath, type Masker } from "@sallyport/contracts";
import { jsonMaskerFor } from "./index.ts";

const key = Buffer.alloc(32, 7);
const oid = { json: 114, jsonb: 3802, jsons: 199, text: 25 };

type Masks = Readonly<Record<string, Masker>>;

const masksOf = (masks: Masks) =>
  Object.entries(masks).map(([text, masker]) => {
    const path = readJsonPath(text);
    if (!path) throw new Error(`${text} is no path`);
    return { path, masker };
  });

const mask = (masks: Masks, value: string, typeOid = oid.json): string | null =>
  jsonMaskerFor({ typeOid, format: 0, key }, masksOf(masks))(Buffer.from(value))?.toString() ??
  null;

describe("at a path", () => {
  test.each<[string, Masks, string, string | null]>([
    ["a string", { "{email}": "email" }, '{"email":"eve@x.de"}', '{"email":"e***@x.de"}'],
    [
      "blanks, order, numbers and the rest stay",
      { "{a,b}": "redact" },
      ' { "z" : 1.0e+2 , "a": {"c":[ ],\t"b" :"x" , "b2":"x"}, "n":null }\n',
      ' { "z" : 1.0e+2 , "a": {"c":[ ],\t"b" :"****" , "b2":"x"}, "n":null }\n',
    ],
    [
      "keys that are there twice",
      { "{a}": "redact" },
      '{"a":"x","a":"y","b":"x"}',
      '{"a":"****","a":"****","b":"x"}',
    ],
    [
      "escaped keys",
      { "{email}": "redact" },
      String.raw`{"\u0065mail":"x","em\u0061il":"y"}`,
      String.raw`{"\u0065mail":"****","em\u0061il":"****"}`,
    ],
    ["another case is another key", { "{email}": "redact" }, '{"Email":"x"}', '{"Email":"x"}'],
    [
      "an escaped value",
      { "{a}": "partial" },
      String.raw`{"a":"\u0061\"b\\c\u017e"}`,
      '{"a":"***\\\\cž"}',
    ],
    ["what is no text", { "{a}": "redact" }, '{"a":12}', '{"a":null}'],
    ["an object", { "{a}": "redact" }, '{"a":{"b":["}",1]},"c":1}', '{"a":null,"c":1}'],
    [
      "an array, by element",
      { "{a}": "redact" },
      '{"a":["x",["y",{"k":"v"}],1,null,true]}',
      '{"a":["****",["****",null],null,null,null]}',
    ],
    [
      "through arrays",
      { "{items,sku}": "partial:2" },
      '{"items":[{"sku":"abcdef"},[{"sku":"ghijkl"}],{"x":1}]}',
      '{"items":[{"sku":"****ef"},[{"sku":"****kl"}],{"x":1}]}',
    ],
    [
      "through an array at the top",
      { "{a}": "redact" },
      '[{"a":"x"},{"b":"x"},"x"]',
      '[{"a":"****"},{"b":"x"},"x"]',
    ],
    ["an element", { "{a,1}": "redact" }, '{"a":["x","y"]}', '{"a":["x","****"]}'],
    ["a member named by digits", { "{a,1}": "redact" }, '{"a":{"1":"x"}}', '{"a":{"1":"****"}}'],
    [
      "any member",
      { "{*,mail}": "redact" },
      '{"a":{"mail":"x"},"b":[{"mail":"x"}],"mail":"x"}',
      '{"a":{"mail":"****"},"b":[{"mail":"****"}],"mail":"x"}',
    ],
    ["a star in quotes", { '{"*"}': "redact" }, '{"*":"x","a":"x"}', '{"*":"****","a":"x"}'],
    [
      "a date",
      { "{d}": "date:month" },
      '{"d":"2026-05-17T15:09:26Z"}',
      '{"d":"2026-05-01T00:00:00Z"}',
    ],
    ["a number", { "{n}": "round:100" }, '{"n":1.256e3}', '{"n":1300}'],
    ["a number in a string", { "{n}": "round:100" }, '{"n":"1256"}', '{"n":null}'],
    ["null", { "{a}": "null" }, '{"a":"x","b":"y"}', '{"a":null,"b":"y"}'],
    [
      "several paths",
      { "{a,b}": "redact", "{a}": "hash", "{c}": "redact", "{*}": "partial" },
      '{"a":{"b":"x"},"c":"abcd","d":"abcd"}',
      '{"a":null,"c":"****","d":"**cd"}',
    ],
    ["nothing there", { "{a}": "redact" }, "[]", "[]"],
    ["a scalar", { "{a}": "redact" }, '"a"', '"a"'],
    ["an empty string", { "{a}": "redact" }, '{"a":""}', '{"a":"****"}'],
  ])("%s", (_, masks, value, masked) => {
    expect(mask(masks, value)).toBe(masked);
  });

  test.each([
    "",
    "{",
    "[",
    '{"a"}',
    '{"a":}',
    '{"a":"x"',
    '{"a":"x"}}',
    '{"a":"x",}',
    "{,}",
    '{a:"x"}',
    "[1 2]",
    '"\\',
    "{\"a\":'x'}",
  ])("%j is no json and NULL whole", (value) => {
    expect(mask({ "{a}": "redact" }, value)).toBeNull();
  });

  test("jsonb has a version before it when it is binary, and another one is NULL", () => {
    const binary = jsonMaskerFor(
      { typeOid: oid.jsonb, format: 1, key },
      masksOf({ "{a}": "redact" }),
    );
    expect(binary(Buffer.from('\x01{"a": "x"}'))?.toString()).toBe('\x01{"a": "****"}');
    expect(binary(Buffer.from('\x02{"a": "x"}'))).toBeNull();
    expect(binary(Buffer.from('{"a": "x"}'))).toBeNull();
    expect(binary(Buffer.alloc(0))).toBeNull();
  });

  test("arrays and domains of json go by element, any other type is NULL", () => {
    expect(mask({ "{a}": "redact" }, String.raw`{"{\"a\":\"x\"}",NULL,"[]"}`, oid.jsons)).toBe(
      String.raw`{"{\"a\":\"****\"}",NULL,[]}`,
    );
    expect(mask({ "{a}": "redact" }, '{"a":"x"}', oid.text)).toBeNull();
    const domain = { category: "U", baseOid: oid.jsonb };
    const masked = jsonMaskerFor(
      { typeOid: 17_000, typeInfo: domain, format: 0, key },
      masksOf({ "{a}": "redact" }),
    )(Buffer.from('{"a": "x"}'));
    expect(masked?.toString()).toBe('{"a": "****"}');
  });

  test("neither depth nor length of a document ends the walk", () => {
    const deep = 200_000;
    expect(mask({ "{a}": "redact" }, `${"[".repeat(deep)}{"a":"x"}${"]".repeat(deep)}`)).toContain(
      '{"a":"****"}',
    );
    const nested = `${'{"b":'.repeat(deep)}1${"}".repeat(deep)}`;
    expect(mask({ "{a}": "redact" }, `{"c":${nested},"a":"x"}`)?.endsWith('"a":"****"}')).toBe(
      true,
    );
    const long = "x".repeat(4_000_000);
    expect(mask({ "{a}": "redact" }, `{"b":"${long}","a":"${long}"}`)).toBe(
      `{"b":"${long}","a":"****"}`,
    );
  });
});

test("arrays in arrays come to a place of a path in many ways, and are walked once", () => {
  const depth = 3000;
  const nested = (leaf: string) => "[".repeat(depth) + leaf + "]".repeat(depth);
  const masks = { "{0,0,0,x}": "redact", "{0,1,x}": "redact" } as const;
  expect(mask(masks, nested('{"x":"secret","y":"z"}'))).toBe(nested('{"x":"****","y":"z"}'));
});

describe("of any document", () => {
  const leaf = fc.oneof(
    fc.string(),
    fc.double({ noNaN: true, noDefaultInfinity: true }),
    fc.boolean(),
    fc.constant(null),
  );
  const name = fc.constantFrom("a", "b", "0", 'q"\\', "ž");
  const { document } = fc.letrec((tie) => ({
    document: fc.oneof(
      { maxDepth: 4 },
      leaf,
      fc.array(tie("document"), { maxLength: 4 }),
      fc.array(fc.tuple(name, tie("document")), { maxLength: 4 }).map((pairs) => new Map(pairs)),
    ),
  }));
  const step = fc.oneof(
    name.map((one) => ({ kind: "name", name: one }) as const),
    fc.constant({ kind: "any" } as const),
  );
  const paths = fc.array(fc.array(step, { minLength: 1, maxLength: 3 }), {
    minLength: 1,
    maxLength: 3,
  });

  /** Written as JSON with members escaped or twice, to be read by nobody who normalises. */
  function written(value: unknown, odd: boolean): string {
    const text = (one: string): string =>
      odd
        ? `"${[...Array(one.length).keys()].map((at) => `\\u${one.charCodeAt(at).toString(16).padStart(4, "0")}`).join("")}"`
        : JSON.stringify(one);
    if (value instanceof Map)
      return `{ ${[...value].map(([k, v]) => `${text(String(k))}: ${written(v, odd)}`).join(" ,")}}`;
    if (Array.isArray(value)) return `[${value.map((one) => written(one, odd)).join(", ")} ]`;
    return typeof value === "string" ? text(value) : JSON.stringify(value);
  }

  /** The same mask, a second time: on values instead of bytes. */
  function masked(
    value: unknown,
    open: readonly (readonly { kind: string; name?: string }[])[],
  ): unknown {
    const here = open.some((path) => path.length === 0);
    if (value instanceof Map) {
      if (here) return null;
      return new Map(
        [...value].map(([k, v]) => [
          k,
          masked(
            v,
            open
              .filter(([first]) => first && (first.kind === "any" || first.name === k))
              .map((path) => path.slice(1)),
          ),
        ]),
      );
    }
    if (Array.isArray(value))
      return value.map((one, at) =>
        masked(one, [
          ...open
            .filter(([first]) => first && (first.kind === "any" || first.name === String(at)))
            .map((path) => path.slice(1)),
          ...open.filter(([first]) => first?.kind !== "any"),
        ]),
      );
    if (!here) return value;
    return typeof value === "string" ? "****" : null;
  }

  test("it does what the same rules do to values", () => {
    fc.assert(
      fc.property(document, paths, fc.boolean(), (value, open, odd) => {
        const by = jsonMaskerFor(
          { typeOid: oid.json, format: 0, key },
          open.map((path) => ({ path, masker: "redact" })),
        );
        const out = by(Buffer.from(written(value, odd)))?.toString();
        expect(JSON.parse(out ?? "")).toEqual(JSON.parse(written(masked(value, open), false)));
      }),
      { numRuns: 1000 },
    );
  });

  test("any bytes give NULL or as many quotes as before, and nothing throws", () => {
    const by = jsonMaskerFor({ typeOid: oid.json, format: 0, key }, masksOf({ "{a}": "redact" }));
    fc.assert(
      fc.property(
        fc.string({
          unit: fc.constantFrom("{", "}", "[", "]", '"', ",", ":", "a", "1", " ", "\\", "u", "t"),
        }),
        (text) => {
          const out = by(Buffer.from(text));
          expect(out === null || Buffer.isBuffer(out)).toBe(true);
        },
      ),
      { numRuns: 2000 },
    );
  });
});
