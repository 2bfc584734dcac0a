/**
 * Writes catalog.json, what PostgreSQL 18 knows of the objects of superuser.sql and target.sql, so that rules.test.ts needs no server. To be
 * run again when these or `catalogQueries` change: `node test/evasion/record-catalog.ts`.
 */
import { readFileSync, writeFileSync } from "node:fs";
import { catalogQueries, catalogSettings } from "@sallyport/sql";
import { startPostgres } from "@sallyport/testkit";
import { Client } from "pg";
import { ownRows } from "./recorded-catalog.ts";

await using server = await startPostgres({ sql: "CREATE ROLE shop_app" });
const client = new Client({
  connectionString: server.url("postgres"),
  types: { getTypeParser: () => (value: unknown) => value },
});
// When a statement fails, its error is what is to be seen, not the end of the server.
client.on("error", () => undefined);
await client.connect();
for (const file of ["superuser.sql", "target.sql"])
  await client.query(readFileSync(new URL(file, import.meta.url), "utf8"));
await client.query(catalogSettings);
const rows: Record<string, readonly (readonly (string | null)[])[]> = {};
for (const [name, text] of Object.entries(catalogQueries))
  rows[name] = (await client.query<(string | null)[]>({ text, rowMode: "array" })).rows;
await client.end();
writeFileSync(
  new URL("./catalog.json", import.meta.url),
  `{\n${Object.entries(ownRows(rows))
    .map(
      ([name, own]) =>
        `${JSON.stringify(name)}: [\n${own.map((row) => JSON.stringify(row)).join(",\n")}\n]`,
    )
    .join(",\n")}\n}\n`,
);
