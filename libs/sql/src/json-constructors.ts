import { firstUserOid } from "./catalog.ts";
import type { Context } from "./context.ts";
import { evaluate, type Rule } from "./expressions.ts";
import { Opaque } from "./outcome.ts";
import { decided } from "./operator-expressions.ts";
import type { Scope } from "./scope.ts";
import { query } from "./select.ts";
import { known, knownFields, list, only, record, type Fields } from "./tree.ts";
import { namedType, type } from "./types.ts";
import { computed, union, type Value } from "./value.ts";
import { sortColumns, windowColumns } from "./windows.ts";

/** A JsonValueExpr: a value, perhaps with FORMAT JSON, which reads it as JSON and may fail. */
export function jsonValue(value: unknown, scope: Scope, context: Context): Value {
  const fields = record(value);
  known(fields, "JsonValueExpr", knownFields("raw_expr", "formatted_expr", "format"));
  const found = evaluate(fields["raw_expr"], scope, context);
  const format = fields["format"] === undefined ? {} : record(fields["format"]);
  if (format["format_type"] !== "JS_FORMAT_DEFAULT") context.decide(found.columns, "document");
  return found;
}

/** RETURNING; what is not a built-in type would run its own input function or constraint. @throws {Opaque} */
function returnedType(output: unknown, otherwise: number, context: Context): number {
  if (output === undefined) return otherwise;
  const { type: found } = namedType(record(output)["typeName"], context);
  return builtIn(found.oid, context);
}

export function builtIn(oid: number, context: Context): number {
  const found = context.catalog.types.get(oid);
  const element = found?.element ? context.catalog.types.get(found.element) : found;
  if (!found || !element || element.kind === "d" || element.oid >= firstUserOid)
    throw new Opaque("JSON read as a user-made type");
  return oid;
}

/** People's casts to json would make JSON of their types. @throws {Opaque} */
function refuseJsonCasts(context: Context): void {
  if (context.catalog.userCastTo(114) || context.catalog.userCastTo(3802))
    throw new Opaque("JSON made by a user-made cast");
}

function keyValue(value: unknown, scope: Scope, context: Context): Value[] {
  const pair = only(value, "JsonKeyValue");
  const key = evaluate(pair["key"], scope, context);
  // A key that is null, or there twice, fails.
  context.decide(key.columns, "document");
  return [key, jsonValue(pair["value"], scope, context)];
}

/** JSON made of values; another type than json may not take it. */
function made(fields: Fields, values: readonly Value[], context: Context): Value {
  refuseJsonCasts(context);
  const result = returnedType(fields["output"], type.json, context);
  const unusual = fields["output"] !== undefined || fields["unique"] === true;
  return unusual ? decided(context, result, values, "document") : computed(result, values);
}

function aggregate(
  fields: Fields,
  values: readonly Value[],
  scope: Scope,
  context: Context,
): Value {
  const constructor = record(fields["constructor"]);
  known(
    constructor,
    "JsonAggConstructor",
    knownFields("output", "agg_filter", "agg_order", "over"),
  );
  const filter =
    constructor["agg_filter"] === undefined
      ? []
      : evaluate(constructor["agg_filter"], scope, context).columns;
  const window =
    constructor["over"] === undefined ? [] : windowColumns(constructor["over"], scope, context);
  const deciding = union(filter, window, sortColumns(constructor["agg_order"], scope, context));
  context.decide(deciding, "aggregate");
  const value = made({ ...fields, output: constructor["output"] }, values, context);
  return { ...value, columns: union(value.columns, deciding) };
}

/** JSON_VALUE, JSON_QUERY and JSON_EXISTS: what they find depends on the document. */
function jsonFunction(fields: Fields, scope: Scope, context: Context): Value {
  const values = [
    jsonValue(fields["context_item"], scope, context),
    evaluate(fields["pathspec"], scope, context),
    ...passing(fields["passing"], scope, context),
    ...behaviours([fields["on_empty"], fields["on_error"]], scope, context),
  ];
  const usual =
    fields["op"] === "JSON_EXISTS_OP"
      ? type.bool
      : fields["op"] === "JSON_VALUE_OP"
        ? type.text
        : type.jsonb;
  return decided(context, returnedType(fields["output"], usual, context), values, "document");
}

export const passing = (items: unknown, scope: Scope, context: Context): Value[] =>
  list(items).map((item) => jsonValue(only(item, "JsonArgument")["val"], scope, context));

/** DEFAULT expressions of ON EMPTY and ON ERROR. */
export const behaviours = (items: readonly unknown[], scope: Scope, context: Context): Value[] =>
  items.flatMap((item) => {
    if (item === undefined) return [];
    const { expr } = record(item);
    return expr === undefined ? [] : [evaluate(expr, scope, context)];
  });

const rules: Readonly<Record<string, Rule>> = {
  JsonObjectConstructor: {
    fields: knownFields("exprs", "output", "absent_on_null", "unique"),
    evaluate: (fields, scope, context) =>
      made(
        fields,
        list(fields["exprs"]).flatMap((item) => keyValue(item, scope, context)),
        context,
      ),
  },
  JsonArrayConstructor: {
    fields: knownFields("exprs", "output", "absent_on_null"),
    evaluate: (fields, scope, context) =>
      made(
        fields,
        list(fields["exprs"]).map((item) => jsonValue(only(item, "JsonValueExpr"), scope, context)),
        context,
      ),
  },
  JsonArrayQueryConstructor: {
    fields: knownFields("query", "output", "format", "absent_on_null"),
    evaluate: (fields, scope, context) =>
      made(
        fields,
        query(fields["query"], scope, context).map(({ value }) => value),
        context,
      ),
  },
  JsonObjectAgg: {
    fields: knownFields("constructor", "arg", "absent_on_null", "unique"),
    evaluate: (fields, scope, context) =>
      aggregate(fields, keyValue({ JsonKeyValue: fields["arg"] }, scope, context), scope, context),
  },
  JsonArrayAgg: {
    fields: knownFields("constructor", "arg", "absent_on_null"),
    evaluate: (fields, scope, context) =>
      aggregate(fields, [jsonValue(fields["arg"], scope, context)], scope, context),
  },
  JsonIsPredicate: {
    fields: knownFields("expr", "format", "item_type", "unique_keys"),
    evaluate: (fields, scope, context) =>
      decided(context, type.bool, [evaluate(fields["expr"], scope, context)], "document"),
  },
  JsonParseExpr: {
    fields: knownFields("expr", "output", "unique_keys"),
    evaluate: (fields, scope, context) =>
      decided(
        context,
        returnedType(fields["output"], type.json, context),
        [jsonValue(fields["expr"], scope, context)],
        "document",
      ),
  },
  JsonScalarExpr: {
    fields: knownFields("expr", "output"),
    evaluate: (fields, scope, context) =>
      made(fields, [evaluate(fields["expr"], scope, context)], context),
  },
  JsonSerializeExpr: {
    fields: knownFields("expr", "output"),
    evaluate: (fields, scope, context) =>
      decided(
        context,
        returnedType(fields["output"], type.text, context),
        [jsonValue(fields["expr"], scope, context)],
        "document",
      ),
  },
  JsonFuncExpr: {
    fields: knownFields(
      "op",
      "column_name",
      "context_item",
      "pathspec",
      "passing",
      "output",
      "on_empty",
      "on_error",
      "wrapper",
      "quotes",
    ),
    evaluate: jsonFunction,
  },
};

export const jsonRule = (kind: string): Rule | undefined =>
  Object.hasOwn(rules, kind) ? rules[kind] : undefined;
