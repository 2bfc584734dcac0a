import { expect, test } from "vitest";
import { changedBetween, markQuery, readMarks, type CatalogMarks } from "./catalog-marks.ts";

/** What the target says of its catalogs: of what people made, `changed` have other rows. */
function said(changed: readonly string[] = [], builtin = "0", age = "9"): CatalogMarks {
  const sources = [...markQuery.matchAll(/FROM pg_catalog\.(\w+) x\)/g)].map(([, name]) => name);
  const row = sources.map((name) => `${changed.includes(name ?? "") ? 8 : 7}  ${builtin} `);
  const marks = readMarks([...row, "2026-11-23", age]);
  if (!marks) throw new Error("no marks");
  return marks;
}

test.each([
  [[], []],
  [["pg_trigger"], ["triggers"]],
  [["pg_event_trigger"], ["eventTriggers"]],
  [["pg_language"], ["functions", "languages", "bodies"]],
  [["pg_depend"], ["indexColumns", "reaches"]],
  // A name that is printed elsewhere.
  [["pg_collation"], ["columns", "indexColumns", "expressions", "definitions", "bodies"]],
  [["pg_auth_members"], ["version"]],
])("a change of %j has %j read again", (changed, read) => {
  expect(changedBetween(said(), said(changed))).toEqual(read);
});

test("a change of what initdb made shows apart, and every change in the whole", () => {
  expect(said([], "1").builtin).not.toBe(said().builtin);
  expect(said(["pg_class"]).builtin).toBe(said().builtin);
  expect(said(["pg_auth_members"]).text).not.toBe(said().text);
});

test("what is no such answer is not taken for one", () => {
  expect(readMarks(undefined)).toBeNull();
  expect(readMarks(["7  0 "])).toBeNull();
});

test("a base is given up long before numbers of transactions come round, and does not tell by its age", () => {
  expect(said([], "0", "12").text).toBe(said().text);
  expect(said().tooOld).toBe(false);
  for (const age of ["1000000000", "-2000000000", "x"])
    expect(said([], "0", age).tooOld, age).toBe(true);
});
