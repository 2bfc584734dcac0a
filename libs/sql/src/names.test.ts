import { expect, test } from "vitest";
import { asks } from "./analysis.fixture.ts";

const searchPath = ["pg_temp_3", "pg_catalog", "public"];

test("in a session with temporary objects, other names keep their meaning", async () => {
  const names = { searchPath, tempSchema: "pg_temp_3", temporary: ["loot"] };
  expect(await asks("SELECT id FROM customers", { names })).toEqual([
    "read:output public.customers",
  ]);
});

test.each([
  ["a temporary object", "SELECT id FROM customers", ["customers"]],
  ["a temporary row type", "SELECT '(1)'::audited", ["audited"]],
  ["pg_temp, written", "SELECT id FROM pg_temp.loot", ["loot"]],
  ["names that nobody knows", "SELECT id FROM customers", undefined],
])("opaque: %s", async (_, text, temporary) => {
  const names = { searchPath, tempSchema: "pg_temp_3", ...(temporary && { temporary }) };
  expect(await asks(text, { names })).toContain("opaque");
});
