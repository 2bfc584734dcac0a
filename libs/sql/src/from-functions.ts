import type { Func } from "./catalog.ts";
import { baseOf, isPolymorphic } from "./coercion.ts";
import { call } from "./calls.ts";
import type { Context } from "./context.ts";
import { evaluate } from "./expressions.ts";
import { aliasOf, rename } from "./from.ts";
import { nameOf, temporaryObject } from "./names.ts";
import { Opaque } from "./outcome.ts";
import { outputName } from "./output-names.ts";
import { Scope, type RangeEntry, type ScopeColumn } from "./scope.ts";
import {
  known,
  knownFields,
  list,
  location,
  node,
  only,
  record,
  strings,
  text,
  type Fields,
} from "./tree.ts";
import { namedType, type } from "./types.ts";
import { plain, type Value } from "./value.ts";
import { reachInput } from "./type-inputs.ts";
import { argument } from "./function-calls.ts";

const rangeFields = knownFields(
  "lateral",
  "ordinality",
  "is_rowsfrom",
  "functions",
  "alias",
  "coldeflist",
);

/** One function of FROM with the column definitions written after it. */
interface Item {
  readonly expression: unknown;
  readonly definitions: unknown;
}

/** Functions in FROM: every column of a result is fed by all arguments, or as a traced body says. */
export function rangeFunction(fields: Fields, scope: Scope, context: Context): RangeEntry {
  known(fields, "RangeFunction", rangeFields);
  const items = list(fields["functions"]).flatMap((written) => {
    const [expression, own] = list(only(written, "List")["items"]);
    const definitions = fields["is_rowsfrom"] === true ? definitionsOf(own) : fields["coldeflist"];
    return spread({ expression, definitions }, context);
  });
  const around = new Scope(scope, scope.commonTables);
  const { name, names } = aliasOf(fields["alias"]);
  const single = items.length === 1;
  const columns = items.flatMap((item) =>
    functionColumns(item, single ? name : "", around, context),
  );
  if (fields["ordinality"] === true) columns.push({ name: "ordinality", value: plain(type.int8) });
  const own = name || functionName(items[0]?.expression, context);
  return { name: own, schema: null, columns: rename(columns, names), relation: null };
}

const definitionsOf = (own: unknown): unknown =>
  Object.keys(record(own)).length === 0 ? undefined : only(own, "List")["items"];

/** unnest of several arrays is as many functions (parse_clause.c, transformRangeFunction). */
function spread(item: Item, context: Context): readonly Item[] {
  const { kind, fields } = node(item.expression);
  const args = list(fields["args"]);
  if (kind !== "FuncCall" || args.length < 2 || item.definitions !== undefined) return [item];
  if (functionName(item.expression, context) !== "unnest" || !isPlainCall(fields)) return [item];
  const functions = context.names.functions(nameOf(strings(fields["funcname"])));
  if (functions.some(({ schema }) => schema !== "pg_catalog")) return [item];
  return args.map((arg) => ({
    expression: { FuncCall: { ...fields, args: [arg] } },
    definitions: undefined,
  }));
}

function functionName(expression: unknown, context: Context): string {
  const { kind, fields } = node(expression);
  if (kind === "FuncCall") return strings(fields["funcname"]).at(-1) ?? "";
  return outputName(expression, context);
}

function functionColumns(
  { expression, definitions }: Item,
  alias: string,
  around: Scope,
  context: Context,
): ScopeColumn[] {
  const { kind, fields } = node(expression);
  const own = functionName(expression, context);
  if (kind !== "FuncCall" || !isPlainCall(fields)) {
    const value = evaluate(expression, around, context);
    if (kind !== "FuncCall" && kind !== "SQLValueFunction") throw new Opaque(`FROM with a ${kind}`);
    return [{ name: alias || own, value: { ...value, bare: false, origin: null } }];
  }
  const given = list(fields["args"]).map((item) => argument(item, around, context));
  const called = call(context, nameOf(strings(fields["funcname"])), given, location(fields));
  const { value, columns: traced } = called;
  const shape =
    declared(definitions, value, context) ??
    resultColumns(called.functions, value, alias || own, context);
  if (!traced || context.executes) return shape;
  if (traced.length !== shape.length) return shape;
  // INVARIANT: the shape says the names and types, the traced body what feeds each column.
  return shape.map((column, at) => {
    const from = traced[at]?.value;
    if (!from) return column;
    const bare = from.bare && from.type === column.value.type;
    return { ...column, value: { ...column.value, columns: from.columns, bare } };
  });
}

/** Calls that `functionCall` treats like any other: no variadic arguments, no aggregate clauses. */
const isPlainCall = (fields: Fields): boolean =>
  Object.keys(fields).every((key) =>
    ["funcname", "args", "funcformat", "location"].includes(key),
  ) &&
  !["nextval", "setval", "currval", "set_config"].includes(
    strings(fields["funcname"]).at(-1) ?? "",
  );

/** `AS t(a int, b text)`. */
function declared(written: unknown, value: Value, context: Context): ScopeColumn[] | null {
  const definitions = list(written);
  if (definitions.length === 0) return null;
  return definitions.map((item) => {
    const definition = only(item, "ColumnDef");
    const { type: found } = namedType(definition["typeName"], context);
    reachInput(context, found.oid);
    return {
      name: text(definition["colname"]),
      value: { ...value, type: found.oid, bare: false, origin: null },
    };
  });
}

function resultColumns(
  functions: readonly Func[],
  value: Value,
  name: string,
  context: Context,
): ScopeColumn[] {
  const shapes = functions.map((func) => shapeOf(func, value, name, context));
  const [first] = shapes;
  if (!first) throw new Opaque(`function ${name} is not known`);
  const same = shapes.every(
    (shape) =>
      shape.length === first.length && shape.every((column, at) => column.name === first[at]?.name),
  );
  if (!same) throw new Opaque(`columns of function ${name} are not known`);
  return first;
}

function shapeOf(func: Func, value: Value, name: string, context: Context): ScopeColumn[] {
  const fed = { ...value, bare: false, origin: null };
  const column = (columnName: string, oid: number): ScopeColumn => ({
    name: columnName,
    value: { ...fed, type: oid },
  });
  if (func.out.length > 1)
    return func.out.map((out) => column(out.name, isPolymorphic(out.type) ? 0 : out.type));
  // A domain over a composite type has its columns, too.
  const result = context.catalog.types.get(baseOf(context.catalog, value.type));
  if (func.out.length === 1 && result?.kind !== "c")
    return func.out.map((out) => column(out.name, 0));
  if (value.type === 0 || value.type === type.record) {
    if (func.result === type.record || func.result === 0)
      throw new Opaque(`columns of function ${name} are not known`);
    return [column(name, 0)];
  }
  // Only types of temporary relations are not in the catalog.
  if (!result) throw new Opaque(temporaryObject);
  if (result.kind !== "c") return [column(name, value.type)];
  const relation = context.catalog.relations.get(result.relation);
  if (!relation) throw new Opaque(`columns of function ${name} are not known`);
  return relation.columns.map((item) => column(item.name, item.typeOid));
}
