import { firstUserOid, type Catalog, type Type } from "./catalog.ts";
import { baseOf, coercible, record, recordArray } from "./coercion.ts";
import type { Context } from "./context.ts";
import { missingSchema, nameOf, type QualifiedName } from "./names.ts";
import { Opaque, Unresolved } from "./outcome.ts";
import {
  integer,
  known,
  knownFields,
  list,
  location,
  record as recordOf,
  strings,
} from "./tree.ts";
import { unknownType } from "./value.ts";

export const type = {
  bool: 16,
  bytea: 17,
  char: 18,
  name: 19,
  int8: 20,
  int2: 21,
  int4: 23,
  text: 25,
  oid: 26,
  json: 114,
  xml: 142,
  float4: 700,
  float8: 701,
  bpchar: 1042,
  varchar: 1043,
  date: 1082,
  time: 1083,
  timestamp: 1114,
  timestamptz: 1184,
  timetz: 1266,
  bit: 1560,
  numeric: 1700,
  record: 2249,
  jsonb: 3802,
} as const;

const typeFields = knownFields("names", "typemod", "typmods", "arrayBounds", "setof", "pct_type");

/** The type that a TypeName node names; `modified` when it has modifiers such as a length. */
export function namedType(value: unknown, context: Context): { type: Type; modified: boolean } {
  const fields = recordOf(value);
  known(fields, "TypeName", typeFields);
  if (fields["pct_type"] === true) throw new Opaque("a %TYPE reference");
  const names = strings(fields["names"]);
  const named = nameOf(names);
  const found = context.names.type(named);
  const isArray = list(fields["arrayBounds"]).length > 0;
  if (!found) throw missingType(named, isArray, location(fields), context);
  const modified = list(fields["typmods"]).length > 0 || integer(fields["typemod"]) > 0;
  if (!isArray) return { type: found, modified };
  const array = context.catalog.types.get(found.array);
  if (!array) throw new Opaque(`type ${names.join(".")} has no array`);
  return { type: array, modified };
}

const serials: Readonly<Record<string, number>> = {
  smallserial: type.int2,
  serial2: type.int2,
  serial: type.int4,
  serial4: type.int4,
  bigserial: type.int8,
  serial8: type.int8,
};

/** Of a column's definition: what `serial` and its kin stand for, whatever else is called so; null for other types. */
export function serialType(value: unknown): number | null {
  const fields = recordOf(value);
  const [name, ...more] = strings(fields["names"]);
  if (name === undefined || more.length > 0 || fields["pct_type"] === true) return null;
  if (list(fields["arrayBounds"]).length > 0 || !Object.hasOwn(serials, name)) return null;
  return serials[name] ?? null;
}

/** What a column's definition may have instead of a type, and what is more than its name tells, is not known here. */
function missingType(
  { schema, name }: QualifiedName,
  isArray: boolean,
  at: number,
  context: Context,
): Opaque | Unresolved {
  const missing = missingSchema(context.catalog, schema, at);
  if (missing) return missing;
  const written = `${schema === null ? name : `${schema}.${name}`}${isArray ? "[]" : ""}`;
  if (Object.hasOwn(serials, name)) return new Opaque(`type ${written} is not known`);
  return new Unresolved("42704", `type "${written}" does not exist`, at);
}

const sqlNames: ReadonlyMap<string, string> = new Map([
  ["int2", "smallint"],
  ["int4", "integer"],
  ["int8", "bigint"],
  ["float4", "real"],
  ["float8", "double precision"],
  ["bool", "boolean"],
  ["bpchar", "character"],
  ["varchar", "character varying"],
  ["varbit", "bit varying"],
  ["timestamp", "timestamp without time zone"],
  ["timestamptz", "timestamp with time zone"],
  ["time", "time without time zone"],
  ["timetz", "time with time zone"],
]);

/** A type as format_type writes it, its schema left out. */
export function typeText(catalog: Catalog, oid: number): string {
  const found = catalog.types.get(oid);
  if (!found) return "unknown";
  if (found.element !== 0) return `${typeText(catalog, found.element)}[]`;
  return (found.schema === "pg_catalog" && sqlNames.get(found.name)) || found.name;
}

/** Types whose comparison or sorting could run a user's function: user-made ones other than enums. */
export function runsUserCode(catalog: Catalog, oid: number): boolean {
  let found = catalog.types.get(oid);
  while (found && (found.kind === "d" || found.element !== 0)) {
    found = catalog.types.get(found.kind === "d" ? found.base : found.element);
  }
  return found !== undefined && found.oid >= firstUserOid && found.kind !== "e";
}

/** Rows are compared by the operators of their fields, which are not followed. */
export const isRow = (oid: number): boolean => oid === record || oid === recordArray;

/** Refuses what could compare by an operator that people made. */
export function refuseUserOperators(context: Context): void {
  const operators = context.catalog.operatorsByName;
  const made = ["=", "<"].some((name) =>
    operators.get(name)?.some((operator) => operator.oid >= firstUserOid),
  );
  if (made) throw new Opaque("a comparison of values whose types are not known");
}

/** Refuses to sort or group what a user's operator class could sort. */
export function sortable(context: Context, oid: number): void {
  if (oid === unknownType) return;
  if (oid === 0 || isRow(oid)) refuseUserOperators(context);
  else if (runsUserCode(context.catalog, oid)) {
    throw new Opaque("sorting or grouping by a value of a user-made type");
  }
}

/** select_common_type (parse_coerce.c); 0 when unsure. */
export function commonType(catalog: Catalog, given: readonly number[]): number {
  const [first = 0] = given;
  if (given.every((oid) => oid === first)) return first === unknownType ? type.text : first;
  let common = unknownType;
  for (const oid of given) {
    if (oid === 0) return 0;
    const next = oid === unknownType ? oid : baseOf(catalog, oid);
    if (next === unknownType || next === common) continue;
    const [now, then] = [catalog.types.get(common), catalog.types.get(next)];
    if (common === unknownType) common = next;
    else if (now?.category !== then?.category) return 0;
    else if (
      !now?.preferred &&
      coercible(catalog, common, next) &&
      !coercible(catalog, next, common)
    ) {
      common = next;
    }
  }
  return common === unknownType ? type.text : common;
}
