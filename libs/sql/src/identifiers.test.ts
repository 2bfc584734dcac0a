import { expect, test } from "vitest";
import { qualified, quoteIdent, splitQualified } from "./identifiers.ts";

test.each([
  ["plain", "plain"],
  ["Upper", '"Upper"'],
  ["select", '"select"'],
  ["name", "name"],
  ['a"b', '"a""b"'],
  ["1a", '"1a"'],
  ["ü", '"ü"'],
])("quote_ident writes %s as %s", (name, written) => {
  expect(quoteIdent(name)).toBe(written);
  expect(splitQualified(qualified("public", name))).toEqual(["public", name]);
});

test.each(["", ".a", "a.", 'a."b', "a..b"])("%j is no qualified name", (text) => {
  expect(splitQualified(text)).toBeNull();
});
