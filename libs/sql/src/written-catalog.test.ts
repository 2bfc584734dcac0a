import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { analyse } from "./analyse.ts";
import { openParser, type Parser } from "./parser.ts";
import { writtenCatalog, WrittenCatalogError, writtenMajor } from "./written-catalog.ts";

const tables = {
  "public.customers": {
    id: "bigint",
    email: "varchar(200)",
    '"Tags"': "text[]",
    total: "numeric(10, 2)",
  },
  'shop."Orders"': { at: "timestamp with time zone", customer: "int" },
};

let parser: Parser;
beforeAll(async () => {
  parser = await openParser(writtenMajor);
});
afterAll(() => parser.close());

async function asked(text: string) {
  const parsed = await parser.parse(text);
  if (parsed.kind !== "tree") throw new Error("it cannot be parsed");
  const found = analyse(parsed.tree, {
    connection: "orders",
    catalog: writtenCatalog(tables),
    names: { searchPath: ["public"] },
    classified: { "public.customers.email": ["pii"] },
    text,
  });
  if (found.kind !== "analysed") return [`${found.kind}: ${found.message}`];
  return found.operations.map(
    ({ action, resource, use }) => `${action} ${resource.id}${use ? ` ${use}` : ""}`,
  );
}

describe("a catalog that a person writes", () => {
  test("resolves tables, columns, operators and functions as an empty PostgreSQL has them", async () => {
    expect(
      await asked("SELECT c.email AS x FROM customers c WHERE c.id = 7 AND lower('A') = 'a'"),
    ).toEqual(["read orders/public.customers.email output", "read orders/public.customers output"]);
    expect(await asked("SELECT email FROM customers WHERE email = 'a'")).toContain(
      "read orders/public.customers.email lookup",
    );
    expect(await asked('DELETE FROM shop."Orders" WHERE at < now()')).toContain(
      'delete orders/shop."Orders"',
    );
    expect(await asked('SELECT "Tags"[1], total * 2 FROM customers')).toEqual([
      "read orders/public.customers output",
    ]);
  });

  test("lacks what is not written", async () => {
    expect(await asked("SELECT nope FROM customers")).toEqual([
      expect.stringContaining("unresolved"),
    ]);
    expect(await asked("SELECT 1 FROM nope")).toEqual([expect.stringContaining("unresolved")]);
  });

  test.each([
    { customers: { id: "int" } },
    { "public.t": { id: "integr" } },
    { "public.t": { "a.b": "int" } },
    { "a.b.c": { id: "int" } },
  ])("is refused where it cannot be read", (wrong: Record<string, Record<string, string>>) => {
    expect(() => writtenCatalog(wrong)).toThrow(WrittenCatalogError);
  });
});
