import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { jsonPathText, readColumnPath, readJsonPath, type JsonStep } from "./json-path.ts";

const name = (text: string): JsonStep => ({ kind: "name", name: text });

describe("a path", () => {
  test.each<[string, readonly JsonStep[]]>([
    ["{email}", [name("email")]],
    ["{customer,email}", [name("customer"), name("email")]],
    ["{items,*,0}", [name("items"), { kind: "any" }, name("0")]],
    ['{"*"}', [name("*")]],
    ['{"a b","c\\"d","e\\\\f","{,}"}', [name("a b"), name('c"d'), name("e\\f"), name("{,}")]],
    ["{žluťoučký}", [name("žluťoučký")]],
    ['{"null"}', [name("null")]],
  ])("%s", (text, steps) => {
    expect(readJsonPath(text)).toEqual(steps);
    expect(jsonPathText(steps)).toBe(text);
  });

  test.each([
    "",
    "{}",
    "{,}",
    "{a,}",
    "{a",
    "a}",
    "{a}b",
    "{a b}",
    '{""}',
    '{"a}',
    "{a{b}",
    `{${"a,".repeat(32)}a}`,
  ])("%s is none", (text) => {
    expect(readJsonPath(text)).toBeNull();
  });

  test("any steps are written so that they are read again", () => {
    const step = fc.oneof(
      fc.constant<JsonStep>({ kind: "any" }),
      fc.string({ unit: "grapheme", minLength: 1 }).map(name),
      fc.string({ unit: "binary-ascii", minLength: 1 }).map(name),
    );
    fc.assert(
      fc.property(fc.array(step, { minLength: 1, maxLength: 32 }), (steps) => {
        expect(readJsonPath(jsonPathText(steps))).toEqual(steps);
      }),
    );
  });
});

test("a column's id is taken apart at the first `#>` that no name holds", () => {
  expect(readColumnPath("public.t.c")).toEqual({ column: "public.t.c", path: null });
  expect(readColumnPath("public.t.c#>{a}")).toEqual({ column: "public.t.c", path: [name("a")] });
  expect(readColumnPath('public."t#>{x}".c')).toEqual({ column: 'public."t#>{x}".c', path: null });
  expect(readColumnPath('public."a""#>".c#>{"#>"}')).toEqual({
    column: 'public."a""#>".c',
    path: [name("#>")],
  });
  expect(readColumnPath("public.t.c#>")).toBeNull();
});
