import { describe, expect, test } from "vitest";
import { asks, read } from "./analysis.fixture.ts";
import { noNames, renamed, type SessionNames } from "./session-names.ts";

const opaque = /^opaque/;

/** What the names stand for after these statements have run. */
async function after(text: string): Promise<SessionNames> {
  const analysis = await read(text);
  if (analysis.kind !== "analysed") throw new Error(analysis.kind);
  return analysis.statements.reduce(
    (names, { effects }) => renamed(names, effects.naming ?? []),
    noNames,
  );
}

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

  test.each([
    ["PREPARE p AS SELECT 1; DEALLOCATE ALL", "EXECUTE p", "26000"],
    ["PREPARE p AS SELECT 1; DISCARD ALL", "EXECUTE p", "26000"],
    ["DECLARE c CURSOR FOR SELECT 1; CLOSE ALL", "FETCH c", "34000"],
  ])("once all are gone, the target's own answer: %s; %s", async (before, text, sqlstate) => {
    expect(await read(text, { session: await after(before) })).toMatchObject({ sqlstate });
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

describe("cursors", () => {
  test("FETCH shows and asks what the cursor's query does", async () => {
    const session = await after("DECLARE c CURSOR FOR SELECT id, email AS e FROM customers");
    const analysis = await read("FETCH ALL FROM c", { session });
    if (analysis.kind !== "analysed") throw new Error(analysis.kind);
    expect(analysis.statements[0]?.outputs).toMatchObject([
      { name: "id", kind: "plain" },
      { name: "e", kind: "column", column: "public.customers.email" },
    ]);
    expect(await asks("FETCH ALL FROM c", { session })).toEqual([
      "read:output public.customers.email",
      "read:output public.customers",
    ]);
  });

  test("MOVE asks it too, CLOSE forgets it", async () => {
    const session = await after("DECLARE c CURSOR FOR SELECT email FROM customers");
    expect(await asks("MOVE 1 FROM c", { session })).toContain(
      "read:output public.customers.email",
    );
    expect((await asks("CLOSE c; FETCH c", { session }))[0]).toMatch(opaque);
    expect((await asks("FETCH d", { session }))[0]).toMatch(opaque);
  });

  test("what a cursor runs untraced may change names", async () => {
    const text = "DECLARE c CURSOR FOR SELECT guard(email) FROM customers";
    const session = await after(text);
    expect(await asks("FETCH c; FETCH c", { session })).toContain("opaque");
    expect(await asks(text.replace("FOR", "WITH HOLD FOR"))).toContain("opaque");
  });

  test("WHERE CURRENT OF is a condition", async () => {
    expect(await asks("UPDATE orders SET note = 'x' WHERE CURRENT OF c")).toContain(
      "update+where public.orders",
    );
  });

  test("EXPLAIN DECLARE asks what DECLARE asks", async () => {
    expect(await asks("EXPLAIN DECLARE c CURSOR FOR SELECT email FROM customers")).toContain(
      "read:output public.customers.email",
    );
  });
});
