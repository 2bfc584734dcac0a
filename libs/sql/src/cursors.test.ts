import { describe, expect, test } from "vitest";
import { after, asks, read } from "./analysis.fixture.ts";

const opaque = /^opaque/;

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
