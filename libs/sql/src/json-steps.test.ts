import { describe, expect, test } from "vitest";
import { asks as asksOf, read as readOf } from "./analysis.fixture.ts";
import { writtenCatalog } from "./written-catalog.ts";

const catalog = writtenCatalog({ "public.orders": { id: "bigint", doc: "jsonb" } });
const read: typeof readOf = async (text, over) => readOf(text, { catalog, ...over });
const asks: typeof asksOf = async (text, over) => asksOf(text, { catalog, ...over });

const classified = {
  "public.orders.doc#>{customer,email}": ["pii"],
  "public.orders.doc#>{items,*,code}": ["secret"],
};
const email = "public.orders.doc#>{customer,email}";
const code = "public.orders.doc#>{items,*,code}";

/** The paths that each output column is fed by; `*` before those of a column as it is stored. */
async function fed(text: string): Promise<string> {
  const analysis = await read(text, { classified });
  if (analysis.kind !== "analysed") return `${analysis.kind}: ${analysis.message}`;
  const outputs = analysis.statements[0]?.outputs;
  return (outputs ?? [])
    .map((output) =>
      output.kind === "plain"
        ? "-"
        : (output.kind === "column" ? "*" : "") +
          output.columns.map((id) => (id === email ? "email" : "code")).join("+"),
    )
    .join(" ");
}

describe("what feeds", () => {
  test.each([
    ["SELECT doc FROM orders", "*email+code"],
    ["SELECT d FROM (SELECT doc AS d FROM orders) s", "*email+code"],
    ["SELECT doc->'status' FROM orders", "-"],
    ["SELECT doc->>'status' FROM orders", "-"],
    ["SELECT doc->'customer' FROM orders", "email"],
    ["SELECT doc->'customer'->>'name' FROM orders", "-"],
    ["SELECT doc->'customer'->>'email' FROM orders", "email"],
    ["SELECT doc->'customer'->'email'->'x' FROM orders", "email"],
    [
      "SELECT doc#>'{customer}', doc#>>'{customer,email}', doc#>>'{a,b}' FROM orders",
      "email email -",
    ],
    ["SELECT doc->'items'->0->>'code', doc->'items'->-1->>'sku' FROM orders", "code -"],
    [
      "SELECT doc#>>'{items,0,code}', doc#>>'{items,0,sku}', doc#>>'{items,7}' FROM orders",
      "code - code",
    ],
    ["SELECT doc->0->'customer'->>'email' FROM orders", "email"],
    ["SELECT (doc->'status'::text)::text FROM orders", "-"],
    ["SELECT d->>'status' FROM (SELECT doc AS d FROM orders) s", "-"],
    ["SELECT d->>'name' FROM (SELECT doc->'customer' AS d FROM orders) s", "-"],
    ["SELECT d->>'email' FROM (SELECT doc->'customer' AS d FROM orders) s", "email"],
    [
      "WITH s AS (SELECT doc#>'{customer}' AS d FROM orders) SELECT d->>'email', d->>'x' FROM s",
      "email -",
    ],
  ])("%s: %s", async (text, expected) => {
    expect(await fed(text)).toBe(expected);
  });

  test("what cannot be followed keeps every path", async () => {
    for (const text of [
      "SELECT doc->$1 FROM orders",
      "SELECT doc->('sta' || 'tus') FROM orders",
      "SELECT doc->'email'::varchar(1) FROM orders",
      "SELECT doc#>ARRAY['status'] FROM orders",
      "SELECT doc#>'{ status }' FROM orders",
      "SELECT doc['status'] FROM orders",
      "SELECT (doc || '{}')->'status' FROM orders",
      "SELECT (doc - 'customer')->'status' FROM orders",
      "SELECT jsonb_path_query(doc, '$.status') FROM orders",
      "SELECT doc::text FROM orders",
      "SELECT to_jsonb(doc)->'status' FROM orders",
      "SELECT coalesce(doc, '{}')->'status' FROM orders",
    ])
      expect(await fed(text), text).toBe("email+code");
  });
});

test("a condition on what is not classified asks for nothing of the column", async () => {
  const plain = ["read:output public.orders"];
  expect(await asks("SELECT id FROM orders WHERE doc->>'status' = 'x'", { classified })).toEqual(
    plain,
  );
  expect(
    await asks("SELECT id FROM orders WHERE doc->'customer'->>'email' = 'x'", { classified }),
  ).toEqual([`read:predicate ${email}`, ...plain]);
  expect(await asks("SELECT id FROM orders WHERE doc @> '{}'", { classified })).toEqual([
    `read:predicate ${email}`,
    `read:predicate ${code}`,
    ...plain,
  ]);
});

test("paths and the column itself are classified side by side", async () => {
  const both = { ...classified, "public.orders.doc": ["internal"] };
  expect(await asks("SELECT doc->>'status' FROM orders", { classified: both })).toEqual([
    "read:output public.orders.doc",
    "read:output public.orders",
  ]);
});
