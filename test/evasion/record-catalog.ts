/**
 * Writes catalog.json, what PostgreSQL 18 knows of target.sql's objects, so that rules.test.ts needs no server. To be
 * run again when target.sql or `catalogQueries` change: `node test/evasion/record-catalog.ts`.
 */
import { readFileSync, writeFileSync } from "node:fs";
import { catalogQueries, catalogSettings } from "@sallyport/sql";
import { startPostgres } from "@sallyport/testkit";
import { Client } from "pg";
import { ownRows } from "./recorded-catalog.ts";

await using server = await startPostgres();
const client = new Client({
  connectionString: server.url("postgres"),
  types: { getTypeParser: () => (value: unknown) => value },
});
await client.connect();
await client.query(readFileSync(new URL("./target.sql", import.meta.url), "utf8"));
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
