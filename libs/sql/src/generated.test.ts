import { expect, test } from "vitest";
import { read as readOf } from "./analysis.fixture.ts";
import { openParser } from "./parser.ts";
import { writtenCatalog } from "./written-catalog.ts";
import type { Catalog, Column, Relation } from "./catalog.ts";

const parser = await openParser(18);
const written = writtenCatalog({
  "public.orders": { id: "bigint", doc: "jsonb", mail: "text", kept: "text" },
  "public.old_orders": { id: "bigint", doc: "jsonb", mail: "text", kept: "text" },
});

/** `public.orders` with `kept` generated, and a child of it, perhaps with another expression. */
function generating(expression: string, inChild = expression): Catalog {
  const relations = new Map(written.relations);
  const table = (name: string): Relation => {
    const found = written.relation("public", name);
    if (!found) throw new Error(name);
    return found;
  };
  const [parent, child] = [table("orders"), table("old_orders")];
  const kept = (relation: Relation, text: string): readonly Column[] =>
    relation.columns.map((column) =>
      column.name === "kept" ? { ...column, generated: "s", default: text } : column,
    );
  const changed = [
    { ...parent, children: [child.oid], columns: kept(parent, expression) },
    { ...child, parents: [parent.oid], columns: kept(child, inChild) },
  ];
  for (const one of changed) relations.set(one.oid, one);
  return {
    ...written,
    relations,
    stored(text) {
      const parsed = parser.parse(text);
      return parsed instanceof Promise || parsed.kind !== "tree" ? null : parsed.tree;
    },
    relation: (schema, name) =>
      changed.find((one) => one.schema === schema && one.name === name) ??
      written.relation(schema, name),
  };
}

const classified = {
  "public.orders.doc#>{customer,email}": ["pii"],
  "public.orders.mail": ["pii"],
};

async function fedBy(catalog: Catalog, text: string): Promise<string> {
  const analysis = await readOf(text, { catalog, classified });
  if (analysis.kind !== "analysed") return `${analysis.kind}: ${analysis.message}`;
  const [output] = analysis.statements[0]?.outputs ?? [];
  return output?.kind === "plain" ? "-" : (output?.columns.join() ?? "nothing");
}

const inside = "public.orders.doc#>{customer,email}";

test.each([
  ["upper(mail)", "public.orders.mail"],
  ["(doc ->> 'status'::text)", "-"],
  ["(doc #>> '{customer,email}'::text[])", inside],
  ["((doc -> 'customer'::text) ->> 'name'::text)", "-"],
  ["CASE WHEN (mail ~~ 'a%'::text) THEN 'x'::text ELSE 'y'::text END", "public.orders.mail"],
  ["(id)::text", "-"],
  ["no_such_function(id)", `${inside},public.orders.mail`],
])("a column generated as %s holds %s", async (expression, expected) => {
  const catalog = generating(expression);
  expect(await fedBy(catalog, "SELECT kept FROM orders")).toBe(expected);
  expect(await fedBy(catalog, "SELECT kept || '!' FROM old_orders")).toBe(expected);
});

test("a child's expression feeds its parent's column, unless ONLY", async () => {
  const catalog = generating("(id)::text", "lower(mail)");
  expect(await fedBy(catalog, "SELECT kept FROM orders")).toBe("public.orders.mail");
  expect(await fedBy(catalog, "SELECT kept FROM ONLY orders")).toBe("-");
  expect(await fedBy(catalog, "SELECT kept FROM old_orders")).toBe("public.orders.mail");
});
