import { executed } from "./calls.ts";
import { castTo } from "./casts.ts";
import type { Func, FunctionBody } from "./catalog.ts";
import { isPolymorphic } from "./coercion.ts";
import { Context } from "./context.ts";
import { Asked } from "./operations.ts";
import { Opaque } from "./outcome.ts";
import { Scope, type ScopeColumn } from "./scope.ts";
import { query } from "./select.ts";
import { list, node, only, type Fields } from "./tree.ts";
import { computed, plain, union, type Value } from "./value.ts";
import { storedNames } from "./views.ts";
import { writeStatement } from "./writes.ts";
import { applies } from "./rules.ts";

/** What a call of a function written in SQL gives, column by column. */
export interface Traced {
  readonly value: Value;
  readonly columns: readonly ScopeColumn[];
}

/** Calls within calls; what is deeper asks `execute`. */
const deepest = 8;
export const voidType = 2278;

/**
 * Reads the body of a function written in SQL as if it stood at the call. Null when that cannot be done exactly;
 * then the call asks `execute`.
 */
export function traceCall(
  func: Func,
  parameters: readonly number[],
  given: readonly Value[],
  resultType: number,
  context: Context,
): Traced | null {
  const { body } = func;
  if (!body || body.configured || !["f", "p"].includes(func.kind)) return null;
  if (func.variadic !== 0 || given.length !== func.arguments.length) return null;
  if (context.callers.includes(func.oid) || context.callers.length >= deepest) return null;
  const names = bodyNames(func, body, context);
  const tree = names && context.catalog.stored(body.text);
  if (!names || !tree) return null;
  const asked = new Asked(context.asked.resources);
  const callers = [...context.callers, func.oid];
  const inner = new Context(names, context.classification, asked, [], {
    caller: context,
    callers,
    sessionNames: func.securityDefiner ? null : context.sessionNames,
  });
  return context.attempt(() => {
    const passed = given.map((value, at) => argument(value, parameters[at] ?? 0, inner));
    const traced = readBody(func, body, tree.stmts, passed, resultType, inner);
    // What follows in the body, or in the statement, would mean something else.
    if (!traced || inner.changesNames) return null;
    if (!applies("body")) return { value: plain(resultType), columns: [] };
    // The planner computes what is said to be immutable.
    if (func.volatility === "i" && inner.asked.operations.list().length > 0)
      inner.readsWhenPlanned = true;
    context.include(inner);
    return traced;
  });
}

/**
 * INVARIANT: names in a body that is text are those of the session that runs it. What runs as another role, or is
 * stored in a view, may see others; and PostgreSQL 18 keeps the plan of a body that ran before.
 */
function bodyNames(func: Func, body: FunctionBody, context: Context) {
  if (body.atomic) return storedNames(context.catalog);
  return func.securityDefiner ? null : (context.sessionNames?.unhidden ?? null);
}

function argument(value: Value, parameter: number, context: Context): Value {
  const type = isPolymorphic(parameter) ? value.type : parameter;
  const target = context.catalog.types.get(type);
  if (!target) throw new Opaque("a parameter of unknown type");
  if (value.type === type) return { ...value, origin: null };
  return { ...castTo(context, value, target, false), bare: false, origin: null };
}

/** Reads the statements of a body with these arguments; null when the last gives no rows and a result is due. */
export function readBody(
  func: Func,
  body: FunctionBody,
  statements: readonly Fields[],
  passed: readonly Value[],
  resultType: number,
  context: Context,
): Traced | null {
  context.parameters = passed;
  const scope = new Scope(null, new Map());
  const named = body.names.flatMap((name, at) => {
    const value = passed[at];
    return name === "" || !value ? [] : [{ name, value }];
  });
  const entry = { name: func.name, schema: null, columns: named, relation: null };
  scope.add({ named: [entry], columns: [entry] });
  let columns: readonly ScopeColumn[] | null = null;
  for (const statement of bodyStatements(body, statements)) {
    const { kind, fields } = node(statement);
    columns =
      kind === "SelectStmt" && !("intoClause" in fields)
        ? query(statement, scope, context)
        : writeStatement(kind, fields, scope, context);
  }
  const deciding = body.strict ? union(...passed.map((value) => value.columns)) : [];
  context.decide(deciding, "strict");
  if (func.result === voidType) return { value: computed(voidType, []), columns: [] };
  if (columns === null) return null;
  const shown = resultColumns(func, columns, resultType, context);
  const value = computed(
    resultType,
    shown.map((column) => column.value),
  );
  const fed = { ...value, columns: union(value.columns, deciding) };
  return { value: context.executes ? executed(context, fed) : fed, columns: shown };
}

/** A body is statements, BEGIN ATOMIC … END with statements inside, or RETURN with an expression. */
function bodyStatements(body: FunctionBody, statements: readonly Fields[]): readonly unknown[] {
  const all = statements.map(({ stmt }) => stmt);
  if (!body.atomic) return all;
  const { kind, fields } = node(only(all[0], "CreateFunctionStmt")["sql_body"]);
  if (kind === "List")
    return list(fields["items"]).flatMap((item) => list(only(item, "List")["items"]));
  const target = { ResTarget: { val: only({ [kind]: fields }, "ReturnStmt")["returnval"] } };
  return [{ SelectStmt: { targetList: [target], op: "SETOP_NONE" } }];
}

/** The last statement's columns as the function's: each cast to what is declared. */
function resultColumns(
  func: Func,
  columns: readonly ScopeColumn[],
  resultType: number,
  context: Context,
): readonly ScopeColumn[] {
  const types = declaredTypes(func, resultType, context);
  const [first] = columns;
  if (types === null || (types.length > 1 && columns.length === 1 && first)) {
    // A row given as one value, or of fields that only the caller names.
    return (types ?? columns.map(({ value }) => value.type)).map((type, at) => ({
      name: `column${at + 1}`,
      value: {
        ...computed(
          type,
          columns.map(({ value }) => value),
        ),
      },
    }));
  }
  if (types.length !== columns.length) throw new Opaque("a function's result of another shape");
  return columns.map(({ name, value }, at) => {
    const target = context.catalog.types.get(types[at] ?? 0);
    if (!target) throw new Opaque("a function's result of unknown type");
    const cast = value.type === target.oid ? value : castTo(context, value, target, false);
    return { name, value: { ...cast, origin: null, constant: false } };
  });
}

/** Types of a function's result columns; null when it returns records of any kind. */
function declaredTypes(func: Func, resultType: number, context: Context): number[] | null {
  if (func.out.length > 0) return func.out.map(({ type }) => type);
  const found = context.catalog.types.get(resultType);
  if (!found || found.oid === 2249) return null;
  const relation = found.kind === "c" ? context.catalog.relations.get(found.relation) : undefined;
  return relation ? relation.columns.map(({ typeOid }) => typeOid) : [found.oid];
}
