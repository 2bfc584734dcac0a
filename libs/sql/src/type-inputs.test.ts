import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { asks as asksOf } from "./analysis.fixture.ts";
import { openParser } from "./parser.ts";
import type { CatalogRows } from "./read-catalog.ts";
import { openCatalog } from "./stored-texts.ts";

const file = new URL("./fixtures/catalog-18.json", import.meta.url);
const rows = JSON.parse(readFileSync(file, "utf8")) as CatalogRows;
const oid = (table: string): string =>
  rows.relations.find((row) => row[1] === "public" && row[2] === table)?.[0] ?? "";
const guard = rows.functions.find((row) => row[2] === "guard")?.[0] ?? "";

/** `CREATE DOMAIN priced AS text DEFAULT guard('x')`, and a column of it in `archive`. */
const catalog = await openCatalog(
  {
    ...rows,
    types: [...rows.types, ["20000", "public", "priced", "d", "S", "f", "25", "0", "0", "0"]],
    reaches: [...rows.reaches, ["0", "20000", guard, "t"]],
    expressions: [...rows.expressions, ["0", "20000", "public.guard('x'::text)", "default"]],
    columns: [
      ...rows.columns,
      [oid("archive"), "9", "price", "20000", "-1", "f", "", null],
      [oid("archive"), "10", "own", "20000", "-1", "f", "", "'x'::text"],
    ],
  },
  await openParser(18),
);
const asks = (text: string): Promise<string[]> => asksOf(text, { catalog });

test.each([
  "INSERT INTO archive (secret, own) VALUES ('x', 'y')",
  "INSERT INTO archive (price, own) VALUES (DEFAULT, 'y')",
  "INSERT INTO archive DEFAULT VALUES",
  "UPDATE archive SET price = DEFAULT",
  "COPY archive (secret) FROM STDIN",
  "MERGE INTO archive a USING orders o ON false WHEN NOT MATCHED THEN INSERT (own) VALUES ('x')",
  "ALTER TABLE orders ADD COLUMN price priced",
])("a domain's default runs: %s", async (text) => {
  expect(await asks(text)).toContain("execute public.guard");
});

test.each([
  "SELECT 'x'::priced",
  "SELECT price FROM archive WHERE price = 'x'",
  "INSERT INTO archive (price) VALUES ('x')",
  "UPDATE archive SET own = DEFAULT",
])("a domain's default does not run: %s", async (text) => {
  expect(await asks(text)).not.toContain("execute public.guard");
});
