/**
 * Writes libs/sql/builtins/18.json.gz: what an empty PostgreSQL 18 knows of types, functions, operators and its own
 * relations, so that `sally policy check --offline` reads statements. To be run again when `catalogQueries` or the
 * major changes: `node infra/make-builtin-catalog.ts`.
 */
import { writeFileSync } from "node:fs";
import { gzipSync } from "node:zlib";
import { catalogQueries, catalogSettings } from "@sallyport/sql";
import { startPostgres } from "@sallyport/testkit";
import { Client } from "pg";

await using server = await startPostgres();
const client = new Client({
  host: server.host,
  port: server.port,
  user: server.superuser,
  password: server.password,
  database: "postgres",
});
await client.connect();
const ask = async (text: string): Promise<(string | null)[][]> => {
  const { rows } = await client.query<(string | null)[]>({
    text,
    rowMode: "array",
    types: { getTypeParser: () => (value: string) => value },
  });
  return rows;
};
await ask(catalogSettings);
const rows: Record<string, (string | null)[][]> = {};
for (const [name, text] of Object.entries(catalogQueries)) rows[name] = await ask(text);
await client.end();
const packed = gzipSync(JSON.stringify(rows), { level: 9 });
writeFileSync(new URL("../libs/sql/builtins/18.json.gz", import.meta.url), packed);
process.stdout.write(
  `${Object.entries(rows)
    .map(([name, all]) => `${name} ${all.length}`)
    .join(", ")}: ${packed.length} bytes\n`,
);
