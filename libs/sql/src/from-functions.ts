import type { Func } from "./catalog.ts";
import { call } from "./calls.ts";
import type { Context } from "./context.ts";
import { evaluate } from "./expressions.ts";
import { aliasOf, rename } from "./from.ts";
import { nameOf } from "./names.ts";
import { Opaque } from "./outcome.ts";
import { Scope, type RangeEntry, type ScopeColumn } from "./scope.ts";
import { known, knownFields, list, node, only, strings, text, type Fields } from "./tree.ts";
import { namedType, type } from "./types.ts";
import { plain, type Value } from "./value.ts";

const rangeFields = knownFields(
  "lateral",
  "ordinality",
  "is_rowsfrom",
  "functions",
  "alias",
  "coldeflist",
);

/** A function in FROM: every column of its result is fed by all its arguments. */
export function rangeFunction(fields: Fields, scope: Scope, context: Context): RangeEntry {
  known(fields, "RangeFunction", rangeFields);
  if (fields["is_rowsfrom"] === true) throw new Opaque("ROWS FROM");
  const [first] = list(fields["functions"]);
  const [expression] = list(only(first, "List")["items"]);
  const around = new Scope(scope, scope.commonTables);
  const { kind, fields: callFields } = node(expression);
  const { name, names } = aliasOf(fields["alias"]);
  let value: Value;
  let columns: ScopeColumn[];
  let own: string;
  if (kind === "FuncCall" && isPlainCall(callFields)) {
    const functionName = nameOf(strings(callFields["funcname"]));
    const given = list(callFields["args"]).map((item) => evaluate(item, around, context));
    const called = call(context, functionName, given);
    own = functionName.name;
    value = called.value;
    columns =
      declared(fields, value, context) ??
      resultColumns(called.functions, value, name || own, context);
  } else {
    value = evaluate(expression, around, context);
    own = kind === "FuncCall" ? (strings(callFields["funcname"]).at(-1) ?? "") : kind;
    if (kind !== "FuncCall" && kind !== "SQLValueFunction") throw new Opaque(`FROM with a ${kind}`);
    columns = [{ name: name || own, value: { ...value, bare: false, origin: null } }];
  }
  if (fields["ordinality"] === true) columns.push({ name: "ordinality", value: plain(type.int8) });
  return { name: name || own, schema: null, columns: rename(columns, names), relation: null };
}

/** Calls that `functionCall` treats like any other: no named or variadic arguments, no aggregate clauses. */
const isPlainCall = (fields: Fields): boolean =>
  Object.keys(fields).every((key) =>
    ["funcname", "args", "funcformat", "location"].includes(key),
  ) &&
  !["nextval", "setval", "currval", "set_config"].includes(
    strings(fields["funcname"]).at(-1) ?? "",
  ) &&
  list(fields["args"]).every((item) => node(item).kind !== "NamedArgExpr");

/** `AS t(a int, b text)`. */
function declared(fields: Fields, value: Value, context: Context): ScopeColumn[] | null {
  const definitions = list(fields["coldeflist"]);
  if (definitions.length === 0) return null;
  return definitions.map((item) => {
    const definition = only(item, "ColumnDef");
    const { type: found } = namedType(definition["typeName"], context);
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
  if (func.out.length > 1) return func.out.map((out) => column(out.name, out.type));
  if (func.out.length === 1) return func.out.map((out) => column(out.name, 0));
  const result = context.catalog.types.get(value.type);
  if (value.type === 0 || value.type === type.record) {
    if (func.result === type.record || func.result === 0)
      throw new Opaque(`columns of function ${name} are not known`);
    return [column(name, 0)];
  }
  if (result?.kind !== "c") return [column(name, value.type)];
  const relation = context.catalog.relations.get(result.relation);
  if (!relation) throw new Opaque(`columns of function ${name} are not known`);
  return relation.columns.map((item) => column(item.name, item.typeOid));
}
