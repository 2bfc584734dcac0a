import { describe, expect, test } from "vitest";
import { asks, catalog, read } from "./analysis.fixture.ts";
import type { Relation } from "./catalog.ts";
import { changedIn, nextOid, withRelations } from "./made-relations.ts";

const customers = catalog.relation("public", "customers");
if (!customers) throw new Error("the catalog has no customers");

const named = (name: string, oid: number): Relation => ({ ...customers, name, oid });

test("what was made later hides what was made before, however much lies between", () => {
  const first = named("made", nextOid(catalog));
  let above = withRelations(catalog, [first], []);
  for (let at = 0; at < 100; at++)
    above = withRelations(above, [named(`t${at}`, nextOid(above))], []);
  const later = { ...first, columns: [] };
  above = withRelations(above, [later], []);
  expect(changedIn(above)).toEqual([later]);
  expect(above.relation("public", "made")).toBe(later);
  expect(above.relations.get(first.oid)).toBe(later);
  expect(above.relation("public", "t7")?.name).toBe("t7");
  expect(above.relation("public", "customers")).toBe(customers);
  expect(above.relations.size).toBe(catalog.relations.size + 101);
  expect(new Set(above.relations.keys()).size).toBe(above.relations.size);
  expect([...above.relations.values()].filter(({ name }) => name === "made")).toEqual([later]);
});

describe("a migration in one text", () => {
  const tables = 2_000;
  const migration = Array.from(
    { length: tables },
    (_, at) =>
      `CREATE TABLE t${at} (id serial PRIMARY KEY, of int${at > 0 ? ` REFERENCES t${at - 1}` : ""});
       CREATE INDEX ON t${at} (of); ALTER TABLE t${at} ADD COLUMN note text;`,
  ).join("\n");

  test("of thousands of statements is followed to its end", async () => {
    const end = `INSERT INTO t0 (note) VALUES ('x'); UPDATE t${tables - 1} SET note = (SELECT name FROM customers LIMIT 1)`;
    const asked = await asks(`${migration}\n${end}`);
    expect(asked).not.toContain("opaque");
    expect(asked).toContain(`create public.t${tables - 1}`);
    expect(asked).toContain("insert public.t0");
    expect(await read(`${migration}\nUPDATE t1 SET nothing = 1`)).toMatchObject({
      kind: "unresolved",
      sqlstate: "42703",
    });
  });

  test("sees what is classified of its tables from the moment on at which they are there", async () => {
    const classified = { "public.t7.note": ["pii"] };
    const behind = "INSERT INTO t8 (note) SELECT note FROM t7";
    const analysis = await read(`${migration}\n${behind}`, { classified });
    const written = analysis.kind === "analysed" ? analysis.operations : [];
    expect(written).toContainEqual(
      expect.objectContaining({
        action: "read",
        use: "write",
        resource: expect.objectContaining({ id: "shop/public.t7.note" }),
      }),
    );
  });
});
