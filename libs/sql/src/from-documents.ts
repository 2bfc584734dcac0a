import type { Context } from "./context.ts";
import { evaluate } from "./expressions.ts";
import { aliasOf, rename } from "./from.ts";
import { behaviours, builtIn, jsonValue, passing } from "./json-constructors.ts";
import { Scope, type RangeEntry, type ScopeColumn } from "./scope.ts";
import { known, knownFields, list, only, text, type Fields } from "./tree.ts";
import { namedType, type } from "./types.ts";
import { computed, type Value } from "./value.ts";

const xmlTableFields = knownFields(
  "lateral",
  "docexpr",
  "rowexpr",
  "namespaces",
  "columns",
  "alias",
);
const xmlColumnFields = knownFields(
  "colname",
  "typeName",
  "for_ordinality",
  "is_not_null",
  "colexpr",
  "coldefexpr",
);

/** XMLTABLE: every column is made of the document, which decides how many rows there are. */
export function xmlTable(fields: Fields, scope: Scope, context: Context): RangeEntry {
  known(fields, "RangeTableFunc", xmlTableFields);
  const around = new Scope(scope, scope.commonTables);
  const fed = [
    evaluate(fields["docexpr"], around, context),
    evaluate(fields["rowexpr"], around, context),
    ...list(fields["namespaces"]).map((item) =>
      evaluate(only(item, "ResTarget")["val"], around, context),
    ),
  ];
  const shapes = list(fields["columns"]).map((item) => {
    const column = only(item, "RangeTableFuncCol");
    known(column, "RangeTableFuncCol", xmlColumnFields);
    for (const part of [column["colexpr"], column["coldefexpr"]])
      if (part !== undefined) fed.push(evaluate(part, around, context));
    return { name: text(column["colname"]), oid: columnType(column, context) };
  });
  return table("xmltable", fields, shapes, fed, context);
}

const jsonTableFields = knownFields(
  "context_item",
  "pathspec",
  "passing",
  "columns",
  "on_error",
  "alias",
  "lateral",
);
const jsonColumnFields = knownFields(
  "coltype",
  "name",
  "typeName",
  "pathspec",
  "format",
  "wrapper",
  "quotes",
  "columns",
  "on_empty",
  "on_error",
);

/** JSON_TABLE, likewise. */
export function jsonTable(fields: Fields, scope: Scope, context: Context): RangeEntry {
  known(fields, "JsonTable", jsonTableFields);
  const around = new Scope(scope, scope.commonTables);
  const fed = [
    jsonValue(fields["context_item"], around, context),
    ...passing(fields["passing"], around, context),
    ...behaviours([fields["on_error"]], around, context),
  ];
  const columnsOf = (items: unknown): Shape[] =>
    list(items).flatMap((item) => {
      const column = only(item, "JsonTableColumn");
      known(column, "JsonTableColumn", jsonColumnFields);
      if (column["coltype"] === "JTC_NESTED") return columnsOf(column["columns"]);
      fed.push(...behaviours([column["on_empty"], column["on_error"]], around, context));
      return [{ name: text(column["name"]), oid: columnType(column, context) }];
    });
  return table("json_table", fields, columnsOf(fields["columns"]), fed, context);
}

interface Shape {
  readonly name: string;
  readonly oid: number;
}

function columnType(column: Fields, context: Context): number {
  if (column["typeName"] === undefined) return type.int4;
  return builtIn(namedType(column["typeName"], context).type.oid, context);
}

function table(
  own: string,
  fields: Fields,
  shapes: readonly Shape[],
  fed: readonly Value[],
  context: Context,
): RangeEntry {
  const value = computed(0, fed);
  context.see(value.columns);
  context.decide(value.columns, "document");
  const columns = shapes.map(({ name, oid }): ScopeColumn => ({
    name,
    value: { ...value, type: oid },
  }));
  const alias = aliasOf(fields["alias"]);
  return {
    name: alias.name || own,
    schema: null,
    columns: rename(columns, alias.names),
    relation: null,
  };
}
