import { firstUserOid, type Catalog } from "./catalog.ts";
import type { CatalogQuery } from "./catalog-queries.ts";
import { layered } from "./layered-catalog.ts";
import type { Parser } from "./parser.ts";
import { readCatalog, type CatalogRows } from "./read-catalog.ts";
import { openCatalog } from "./stored-texts.ts";

/** Where a row of `catalogQueries` says which object it is of; what is not named here is only of people's objects. */
const oidAt: Readonly<Partial<Record<CatalogQuery, number>>> = {
  relations: 0,
  columns: 0,
  types: 0,
  functions: 0,
  operators: 0,
  casts: 5,
};

const filtered = (rows: CatalogRows, keep: (oid: number) => boolean): CatalogRows => {
  const kept = { ...rows };
  for (const [name, at] of Object.entries(oidAt)) {
    const query = name as CatalogQuery;
    kept[query] = rows[query].filter((row) => keep(Number(row[at] ?? 0)));
  }
  return kept;
};

/** Of the rows of `catalogQueries` those that `ownQueries` give. */
export const ownRows = (rows: CatalogRows): CatalogRows =>
  filtered(rows, (oid) => oid >= firstUserOid);

/** What initdb made, which stays the same while people's objects come and go. */
export const builtinCatalog = (rows: CatalogRows): Catalog =>
  readCatalog({
    ...filtered(rows, (oid) => oid < firstUserOid),
    schemas: [],
    languages: [],
    eventTriggers: [],
    definitions: [],
    bodies: [],
  });

/** What people made, above it. */
export async function catalogAbove(
  builtins: Catalog,
  own: CatalogRows,
  parser: Parser,
): Promise<Catalog> {
  return layered(builtins, await openCatalog(own, parser));
}
