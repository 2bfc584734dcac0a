import { readFileSync } from "node:fs";
import { gunzipSync } from "node:zlib";
import { firstUserOid, type Catalog } from "./catalog.ts";
import { splitQualified } from "./identifiers.ts";
import type { Major } from "./parser-instance.ts";
import { readCatalog, type CatalogRows } from "./read-catalog.ts";

/** The major whose built-in objects a written catalog has. */
export const writtenMajor: Major = 18;

/** A table or a type that cannot be read. */
export class WrittenCatalogError extends Error {
  override readonly name = "WrittenCatalogError";
}

type Row = readonly (string | null)[];

/**
 * A catalog without a target: an empty PostgreSQL 18 with tables as a person writes them, `public.customers` to columns
 * to types (`bigint`, `varchar(200)`, `numeric(10,2)[]`). It knows of no constraint, default, trigger or function,
 * nor which languages there are.
 * @throws {WrittenCatalogError}
 */
export function writtenCatalog(
  tables: Readonly<Record<string, Readonly<Record<string, string>>>>,
): Catalog {
  const rows = builtinRows();
  const typeOids = new Map(
    rows.types
      .filter(([, schema]) => schema === "pg_catalog")
      .map(([oid, , name]) => [name ?? "", oid ?? "0"]),
  );
  const arrays = new Map(rows.types.map((row) => [row[0] ?? "", row[8] ?? "0"]));
  const schemas = new Set(rows.schemas.map(([name]) => name ?? ""));
  const relations: Row[] = [];
  const columns: Row[] = [];
  const types: Row[] = [];
  let oid = firstUserOid;
  for (const [written, shape] of Object.entries(tables)) {
    const [schema, name, ...rest] = splitQualified(written) ?? [];
    if (schema === undefined || name === undefined || rest.length > 0)
      throw new WrittenCatalogError(`\`${written}\` is no table such as \`public.customers\``);
    schemas.add(schema);
    const relation = String(oid++);
    const rowType = String(oid++);
    relations.push([relation, schema, name, "r", rowType, "f", "f"]);
    types.push([rowType, schema, name, "c", "C", "f", "0", "0", "0", relation]);
    Object.entries(shape).forEach(([column, type], index) => {
      const [columnName, ...more] = splitQualified(column) ?? [];
      const typeOid = typeOf(type, typeOids, arrays);
      if (columnName === undefined || more.length > 0)
        throw new WrittenCatalogError(`\`${written}.${column}\` is no column`);
      if (typeOid === undefined)
        throw new WrittenCatalogError(`\`${written}.${column}\` is of no type \`${type}\``);
      columns.push([relation, String(index + 1), columnName, typeOid, "-1", "f", "", null]);
    });
  }
  return readCatalog({
    ...rows,
    schemas: [...schemas].map((name) => [name]),
    languages: [],
    relations: [...rows.relations, ...relations],
    columns: [...rows.columns, ...columns],
    types: [...rows.types, ...types],
  });
}

let builtin: CatalogRows | undefined;

function builtinRows(): CatalogRows {
  builtin ??= JSON.parse(
    gunzipSync(readFileSync(new URL("../builtins/18.json.gz", import.meta.url))).toString("utf8"),
  ) as CatalogRows;
  return builtin;
}

/** Names of SQL for types that the catalog calls otherwise. */
const aliases: Readonly<Record<string, string>> = {
  bigint: "int8",
  bigserial: "int8",
  bit: "bit",
  "bit varying": "varbit",
  boolean: "bool",
  char: "bpchar",
  character: "bpchar",
  "character varying": "varchar",
  dec: "numeric",
  decimal: "numeric",
  "double precision": "float8",
  float: "float8",
  int: "int4",
  integer: "int4",
  real: "float4",
  serial: "int4",
  smallint: "int2",
  smallserial: "int2",
  "time with time zone": "timetz",
  "time without time zone": "time",
  "timestamp with time zone": "timestamptz",
  "timestamp without time zone": "timestamp",
};

function typeOf(
  written: string,
  oids: ReadonlyMap<string, string>,
  arrays: ReadonlyMap<string, string>,
): string | undefined {
  const dimensions = /(\s*\[\d*\])+\s*$/.exec(written);
  const plain = (dimensions ? written.slice(0, dimensions.index) : written)
    .replace(/\(\s*\d+(\s*,\s*-?\d+)?\s*\)/, "")
    .replace(/^pg_catalog\./, "")
    .trim()
    .replace(/\s+/g, " ")
    .toLowerCase();
  const element = oids.get(aliases[plain] ?? plain);
  if (element === undefined || !dimensions) return element;
  const array = arrays.get(element);
  return array === "0" ? undefined : array;
}
