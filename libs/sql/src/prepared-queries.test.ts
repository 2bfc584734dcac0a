import { describe, expect, test } from "vitest";
import { after, asks, read } from "./analysis.fixture.ts";
import { noNames } from "./session-names.ts";

const opaque = /^opaque/;

describe("prepared statements of SQL", () => {
  test("PREPARE asks what its statement asks, and runs nothing", async () => {
    const analysis = await read("PREPARE p AS SELECT email FROM customers");
    if (analysis.kind !== "analysed") throw new Error(analysis.kind);
    expect(analysis.operations.map(({ planned }) => planned)).toEqual([true, true]);
    expect(analysis.statements[0]?.outputs).toBeNull();
  });

  test("EXECUTE asks it again, with its parameters", async () => {
    const session = await after("PREPARE p(text) AS SELECT id FROM customers WHERE email = $1");
    expect(await asks("EXECUTE p('x')", { session })).toEqual([
      "read:lookup public.customers.email",
      "read:output public.customers",
    ]);
  });

  test("also in the same text, and of a write", async () => {
    expect(await asks("PREPARE p(int) AS DELETE FROM orders WHERE id = $1; EXECUTE p(1)")).toEqual([
      "delete+where public.orders",
      "delete+where public.orders",
      "read:output public.orders",
      "read:output public.orders",
    ]);
  });

  test.each([
    ["a name that nobody gave", "PREPARE p AS SELECT 1", "EXECUTE q"],
    ["one that was dropped", "PREPARE p AS SELECT 1; DEALLOCATE p", "EXECUTE p"],
    [
      "after code that may have changed it",
      "PREPARE p AS SELECT 1; INSERT INTO audited VALUES (1, 'x')",
      "EXECUTE p",
    ],
  ])("opaque: %s", async (_, before, text) => {
    const session = await after(before).catch(() => noNames);
    expect((await asks(text, { session }))[0]).toMatch(opaque);
  });

  test("a parameter's type was inferred when names meant something else", async () => {
    const session = await after("PREPARE p AS SELECT length($1)");
    expect(await asks("EXECUTE p('x')", { session })).toEqual([]);
    const names = { searchPath: ["evil", "pg_catalog", "public"] };
    expect((await asks("EXECUTE p('x')", { session, names }))[0]).toMatch(opaque);
  });

  test("CREATE TABLE … AS EXECUTE stores what it returns", async () => {
    const session = await after("PREPARE p AS SELECT email FROM customers");
    expect(await asks("CREATE TABLE t AS EXECUTE p", { session })).toContain(
      "read:write public.customers.email",
    );
  });

  test("EXPLAIN EXECUTE asks it too", async () => {
    const session = await after("PREPARE p AS SELECT email FROM customers");
    expect(await asks("EXPLAIN EXECUTE p", { session })).toContain(
      "read:output public.customers.email",
    );
  });
});
