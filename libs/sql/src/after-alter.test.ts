import { describe, expect, test } from "vitest";
import { asks, catalog, read } from "./analysis.fixture.ts";
import { layered } from "./layered-catalog.ts";

const grown = (sql: string): string => `ALTER TABLE orders ${sql}`;

describe("what follows ALTER TABLE in the same text is read with what that left", () => {
  test.each([
    grown("DROP COLUMN note; UPDATE orders SET total = 1"),
    grown("DROP COLUMN IF EXISTS nothing, DROP COLUMN note; INSERT INTO orders (total) VALUES (1)"),
    grown("ADD COLUMN a int, DROP COLUMN note; INSERT INTO orders (a) VALUES (1)"),
    grown("ADD COLUMN note text, DROP COLUMN note; INSERT INTO orders (note) VALUES ('x')"),
    grown("ADD COLUMN IF NOT EXISTS note int; INSERT INTO orders (note) VALUES ('x')"),
    grown("RENAME COLUMN note TO remark; INSERT INTO orders (remark) VALUES ('x')"),
    grown("RENAME note TO n; ALTER TABLE orders RENAME total TO note; SELECT note FROM orders"),
    grown("RENAME TO sales; INSERT INTO sales (note) VALUES ('x'); CREATE INDEX ON sales (note)"),
    grown("RENAME TO s; CREATE TABLE orders (a int); INSERT INTO orders (a) VALUES (1)"),
    grown("RENAME CONSTRAINT a TO b; SELECT note FROM orders"),
    grown("ALTER note SET DEFAULT 'x', ALTER total DROP DEFAULT; INSERT INTO orders VALUES (1)"),
    grown("ALTER note SET NOT NULL, ALTER total DROP NOT NULL; INSERT INTO orders VALUES (1)"),
    grown("ALTER note TYPE varchar(9); UPDATE orders SET note = 'x'"),
    grown("ALTER note TYPE int USING length(note); UPDATE orders SET note = 1"),
    grown("ADD CONSTRAINT p PRIMARY KEY (id), ADD UNIQUE (note); DELETE FROM orders"),
    grown("ADD FOREIGN KEY (customer_id) REFERENCES customers (id) NOT VALID; DELETE FROM orders"),
    grown("ADD COLUMN c int REFERENCES customers (id); UPDATE orders SET c = 1"),
    grown(
      "VALIDATE CONSTRAINT c, OWNER TO app; ALTER TABLE orders OWNER TO app; DELETE FROM orders",
    ),
    grown("DROP CONSTRAINT c; DELETE FROM orders"),
    // What the table has become is not known; others are as they were.
    grown("ADD CHECK (total > 0), ADD COLUMN a int CHECK (a > 0); SELECT v FROM audited"),
  ])("%s", async (text) => {
    expect(await asks(text)).not.toContain("opaque");
  });

  test.each([
    [grown("DROP COLUMN note; SELECT note FROM orders"), "42703"],
    [grown("RENAME note TO n; SELECT note FROM orders"), "42703"],
    [grown("RENAME TO sales; SELECT note FROM orders"), "42P01"],
    [grown("ADD COLUMN a int, ADD CHECK (b > 0)"), "42703"],
  ])("and fails as it would: %s", async (text, sqlstate) => {
    expect(await read(text)).toMatchObject({ kind: "unresolved", sqlstate });
  });

  test("a column is of its new type", async () => {
    const analysis = await read(grown("ALTER note TYPE int USING 1; SELECT note FROM orders"));
    const shown = analysis.kind === "analysed" ? analysis.statements[1]?.outputs : null;
    expect(shown).toMatchObject([{ typeOid: 23 }]);
  });

  test("a new column may be named by what stands in the same ALTER", async () => {
    const text = grown(
      "ADD CHECK (a > 0), ALTER a SET DEFAULT 3, ADD COLUMN a int, ALTER a SET NOT NULL",
    );
    expect(await asks(text)).toEqual(["alter public.orders", "read:output public.orders"]);
  });

  test("what is made in the text keeps its rows to itself under its next name", async () => {
    const text = "CREATE TABLE made (a text); ALTER TABLE made RENAME TO other;";
    expect(await asks(`${text} INSERT INTO other VALUES ('x')`)).toContain("insert public.other");
    expect(await asks(`${text} SELECT upper(a) FROM other`)).toContain("opaque");
  });

  test("a foreign key that is added is asked for by who changes the other side", async () => {
    const text = grown(
      "ADD FOREIGN KEY (customer_id) REFERENCES customers (id) ON DELETE CASCADE;",
    );
    expect(await asks(`${text} DELETE FROM customers`)).toContain("delete+where public.orders");
    const dropped = `${text} ALTER TABLE orders DROP COLUMN customer_id; DELETE FROM customers`;
    expect(await asks(dropped)).not.toContain("delete+where public.orders");
  });
});

describe("what is classified stays so", () => {
  test.each([
    "ALTER TABLE customers RENAME email TO e; SELECT e FROM customers",
    "ALTER TABLE customers RENAME TO c2; SELECT email FROM c2",
    "ALTER TABLE archive_old RENAME secret TO s; SELECT s FROM archive_old",
    "ALTER TABLE events_1 RENAME TO e; SELECT detail FROM e",
  ])("moved from under its name it is not followed: %s", async (text) => {
    expect(await asks(text)).toContain("opaque");
  });

  test("nor is a column or table that nothing else names", async () => {
    const over = { classified: { "public.orders.note": ["pii"] } };
    for (const text of [
      "RENAME note TO n; SELECT n FROM orders",
      "RENAME TO o; SELECT note FROM o",
    ])
      expect(await asks(grown(text), over)).toContain("opaque");
    expect(await asks(grown("RENAME total TO t; SELECT t FROM orders"), over)).not.toContain(
      "opaque",
    );
  });

  const behind = async (text: string, classified: Record<string, string[]>): Promise<string[]> => {
    const analysis = await read(text, { classified });
    const [, ...statements] = analysis.kind === "analysed" ? analysis.statements : [];
    return statements.flatMap(({ outputs }) =>
      (outputs ?? []).flatMap((one) => (one.kind === "plain" ? [] : one.columns)),
    );
  };

  test("what comes under a classified name is classified, a column and a table", async () => {
    const column = grown("RENAME note TO secret; SELECT secret FROM orders");
    expect(await behind(column, { "public.orders.secret": ["pii"] })).toEqual([
      "public.orders.secret",
    ]);
    const table = grown("RENAME TO hidden; SELECT note FROM hidden");
    expect(await behind(table, { "public.hidden.note": ["pii"] })).toEqual(["public.hidden.note"]);
  });
});

describe("what is in doubt is opaque", () => {
  test.each([
    // A view names the table, by places too.
    "ALTER TABLE customers DROP COLUMN id; SELECT note FROM orders",
    "ALTER TABLE customers ALTER balance TYPE text; SELECT note FROM orders",
    "ALTER TABLE customers RENAME name TO n; SELECT note FROM orders",
    // An index's expression names the column.
    "ALTER TABLE guarded RENAME v TO w; SELECT note FROM orders",
    "ALTER TABLE guarded DROP COLUMN v; SELECT note FROM orders",
    "ALTER TABLE archive DROP COLUMN id; SELECT note FROM orders",
    grown(
      'RENAME note TO "N"; ALTER TABLE orders RENAME "N" TO x; ALTER TABLE "Odd" RENAME "Weird Name" TO w; SELECT v FROM audited',
    ),
    grown("RENAME note TO total; SELECT note FROM orders"),
    grown("RENAME TO audited; SELECT v FROM audited"),
    "ALTER TABLE IF EXISTS orders RENAME note TO n; SELECT n FROM orders",
    "ALTER TABLE IF EXISTS orders DROP COLUMN note; SELECT total FROM orders",
    grown("DROP COLUMN note CASCADE; SELECT total FROM orders"),
    // Any sequence there may have gone with the column, and show what it hid.
    grown("DROP COLUMN note; SELECT last_value FROM orders_id_seq"),
    grown("ADD COLUMN s serial; SELECT total FROM orders"),
    grown("ALTER id DROP IDENTITY; SELECT total FROM orders"),
    grown("ADD CHECK (total > 0); SELECT total FROM orders"),
    grown("ADD COLUMN c int CHECK (c > 0) REFERENCES customers (id); DELETE FROM customers"),
    grown("ENABLE ROW LEVEL SECURITY; SELECT total FROM orders"),
    grown("ENABLE TRIGGER t; DELETE FROM orders"),
    grown("ALTER note SET DEFAULT guard('x'); INSERT INTO orders VALUES (1)"),
    grown("ALTER note TYPE text USING guard(note); SELECT v FROM audited"),
    grown("SET SCHEMA other; SELECT v FROM audited"),
    "ALTER VIEW contacts RENAME TO c; SELECT note FROM orders",
    "ALTER INDEX i RENAME TO j; SELECT note FROM orders",
    "BEGIN; ALTER TABLE orders RENAME note TO n; ROLLBACK; SELECT note FROM orders",
  ])("%s", async (text) => {
    expect(await asks(text)).toContain("opaque");
  });

  test("where people made ranges, over what is not known", async () => {
    const ranges = layered(catalog, {
      ...catalog,
      relations: new Map(),
      types: new Map([
        [90_000, { ...[...catalog.types.values()][0]!, oid: 90_000, kind: "r", base: 0 }],
      ]),
    });
    const text = grown("RENAME note TO n; SELECT n FROM orders");
    expect(await asks(text, { catalog: ranges })).toContain("opaque");
  });
});
