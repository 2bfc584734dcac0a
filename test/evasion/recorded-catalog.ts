import { readFileSync } from "node:fs";
import { gunzipSync } from "node:zlib";
import { openCatalog, openParser, type Catalog, type CatalogRows } from "@sallyport/sql";

type Rows = Readonly<Record<string, readonly (readonly (string | null)[])[]>>;

/** Where a row says which object it is of; what is not named here is only of people's objects. */
const oidAt: Readonly<Record<string, number>> = {
  relations: 0,
  columns: 0,
  types: 0,
  functions: 0,
  operators: 0,
  casts: 5,
};

/** What people made: oids from 16384 on (transam.h, FirstNormalObjectId). */
export const ownRows = (rows: Rows): Rows =>
  Object.fromEntries(
    Object.entries(rows).map(([name, all]) => {
      const at = oidAt[name];
      return [name, at === undefined ? all : all.filter((row) => Number(row[at]) >= 16384)];
    }),
  );

const json = (bytes: Buffer): Rows => JSON.parse(bytes.toString("utf8")) as Rows;

/** The catalog of target.sql as it was recorded, with the built-in objects of an empty PostgreSQL 18. */
export async function recordedCatalog(): Promise<Catalog> {
  const builtin = new URL("../../libs/sql/builtins/18.json.gz", import.meta.url);
  const own = json(readFileSync(new URL("./catalog.json", import.meta.url)));
  const rows = Object.fromEntries(
    Object.entries(json(gunzipSync(readFileSync(builtin)))).map(([name, all]) => [
      name,
      oidAt[name] === undefined ? own[name] : [...all, ...(own[name] ?? [])],
    ]),
  );
  return openCatalog(rows as unknown as CatalogRows, await openParser(18));
}
