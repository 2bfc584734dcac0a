import { firstUserOid, type Column } from "./catalog.ts";
import type { Context } from "./context.ts";
import { evaluate } from "./expressions.ts";
import { Opaque } from "./outcome.ts";
import { Scope } from "./scope.ts";
import { known, knownFields, list, node, only, strings, text, type Fields } from "./tree.ts";
import { namedType, serialType } from "./types.ts";

/** A column that a text defines. */
export interface PlainColumn {
  readonly column: Column;
  readonly unique: boolean;
  /** The name of its sequence. */
  readonly sequence: string | null;
  /** Foreign keys, without the columns that refer. */
  readonly keys: readonly Fields[];
}

const columnFields = knownFields(
  "colname",
  "typeName",
  "constraints",
  "is_local",
  "compression",
  "storage_name",
  "collClause",
);

/** @throws {Opaque} for what is not a plain column of a built-in type */
export function plainColumn(
  fields: Fields,
  attnum: number,
  table: string,
  context: Context,
): PlainColumn {
  known(fields, "ColumnDef", columnFields);
  const name = text(fields["colname"]);
  const serial = serialType(fields["typeName"]);
  const typeOid = serial ?? namedType(fields["typeName"], context).type.oid;
  if (typeOid >= firstUserOid) throw new Opaque("a column of a type that people made");
  let sequence = serial === null ? null : `${table}_${name}_seq`;
  let fallback: string | null = serial === null ? null : "nextval('')";
  let notNull = serial !== null;
  let unique = false;
  const keys: Fields[] = [];
  for (const item of list(fields["constraints"])) {
    const constraint = only(item, "Constraint");
    switch (text(constraint["contype"])) {
      case "CONSTR_NULL":
        break;
      case "CONSTR_PRIMARY":
        notNull = unique = true;
        break;
      case "CONSTR_NOTNULL":
        notNull = true;
        break;
      case "CONSTR_UNIQUE":
        unique = true;
        break;
      case "CONSTR_IDENTITY":
        sequence = `${table}_${name}_seq`;
        notNull = true;
        break;
      case "CONSTR_FOREIGN":
        keys.push(constraint);
        break;
      case "CONSTR_DEFAULT":
        fallback = plainDefault(constraint["raw_expr"], context);
        break;
      default:
        throw new Opaque("a column that computes");
    }
  }
  const made = { attnum, name, typeOid, typmod: -1, notNull, generated: "", default: fallback };
  return { column: made, unique, sequence, keys };
}

/** A literal, or a built-in without arguments, as `Column.default` tells what is called. */
export function plainDefault(expression: unknown, context: Context): string {
  const { kind, fields } = node(expression);
  if (kind === "A_Const" || kind === "SQLValueFunction") return "''";
  if (kind === "TypeCast") {
    if (namedType(fields["typeName"], context).type.oid >= firstUserOid)
      throw new Opaque("a default of a type that people made");
    return plainDefault(fields["arg"], context);
  }
  if (kind !== "FuncCall" || list(fields["args"]).length > 0)
    throw new Opaque("a default that is computed");
  const before = context.asked.operations.list().length;
  evaluate(expression, new Scope(null, new Map()), context);
  const name = strings(fields["funcname"]).at(-1) ?? "";
  const made = context.catalog.functionsByName
    .get(name)
    ?.some(({ schema }) => schema !== "pg_catalog");
  if (made !== false || context.asked.operations.list().length > before)
    throw new Opaque("a default that runs what people made");
  return `${name}()`;
}
