import { firstUserOid, type Func, type Operator } from "./catalog.ts";
import type { Context } from "./context.ts";
import { isBlindToTypes, isHarmless, isTotalOperator, reachesUserCast } from "./harmless.ts";
import { missingSchema, nameOf, type QualifiedName } from "./names.ts";
import { Opaque, Unresolved } from "./outcome.ts";
import { resolveFunction, resolveOperator, type Resolution } from "./resolve.ts";
import type { ScopeColumn } from "./scope.ts";
import { traceCall } from "./sql-functions.ts";
import { location, type Fields } from "./tree.ts";
import { isTotalFor } from "./total-calls.ts";
import { isRow, refuseUserOperators, runsUserCode, type, typeText } from "./types.ts";
import { coerce, refuseUserCasts } from "./unify.ts";
import { computed, union, type Value } from "./value.ts";
import { applies, type Rule } from "./rules.ts";
import { readSetting } from "./secret-settings.ts";

const items = <T>(resolution: Resolution<T>): readonly T[] =>
  resolution.kind === "certain" ? [resolution.item] : resolution.items;

function coerceAll<T>(context: Context, resolution: Resolution<T>, given: readonly Value[]): void {
  const types = given.map((value) => value.type);
  if (resolution.kind === "possible") refuseUserCasts(context);
  coerce(context, types, resolution.kind === "certain" ? resolution.parameters : []);
}

/** The value of something that may have run a user's function: fed by every classified column. */
export const executed = (context: Context, value: Value): Value => ({
  ...value,
  columns: applies("executed") ? union(value.columns, context.classification.all) : value.columns,
  bare: false,
  origin: null,
});

/** Asks `execute` for those that are not harmless; true when there were any. */
function executeUnlessHarmless(
  context: Context,
  functions: readonly Func[],
  given: readonly Value[],
  rule: Rule,
): boolean {
  let executes = false;
  const userMade = given.some((value) => runsUserCode(context.catalog, value.type));
  for (const func of functions) {
    if (!isHarmless(func) || reachesUserCast(context.catalog, func)) {
      context.execute(func, rule);
      executes = true;
    } else if (userMade && !isBlindToTypes(func)) {
      throw new Opaque(`${func.name} of a user-made type`);
    }
  }
  return executes;
}

export interface Call {
  readonly functions: readonly Func[];
  readonly value: Value;
  /** Of a function whose body was traced: each column of its result. */
  readonly columns?: readonly ScopeColumn[];
}

/** As PostgreSQL says it; what is temporary is not known to the catalog. */
function unknownFunction(
  context: Context,
  { schema, name }: QualifiedName,
  given: readonly Value[],
  at: number,
  kind: "function" | "procedure",
): Unresolved {
  const missing = missingSchema(context.catalog, schema, at);
  if (missing) return missing;
  const types = given.map((value) => typeText(context.catalog, value.type));
  const written = schema === null ? name : `${schema}.${name}`;
  return new Unresolved(
    "42883",
    `${kind} ${written}(${types.join(", ")}) does not exist`,
    at,
    `No ${kind} matches the given name and argument types. You might need to add explicit type casts.`,
  );
}

export const isCurrentSetting = ({ schema, name }: Func): boolean =>
  schema === "pg_catalog" && name === "current_setting";

/** A function call with those arguments: what it asks, what it could be, what comes out. */
export function call(
  context: Context,
  name: QualifiedName,
  given: readonly Value[],
  at = -1,
  kind: "function" | "procedure" = "function",
): Call {
  const resolution = resolveFunction(
    context.names,
    name,
    given.map((value) => value.type),
  );
  const functions = items(resolution);
  if (functions.length === 0) throw unknownFunction(context, name, given, at, kind);
  coerceAll(context, resolution, given);
  if (resolution.kind === "certain" && resolution.item.body) {
    const { item, parameters } = resolution;
    const traced = traceCall(item, parameters, given, resolution.type, context);
    if (traced) return { functions, ...traced };
  }
  const executes = executeUnlessHarmless(context, functions, given, "function");
  if (functions.some(isCurrentSetting)) readSetting(null, context);
  for (const [place, argument] of given.entries()) {
    if (argument.columns.length === 0) continue;
    const takes = context.catalog.types.get(argument.type);
    const total = functions.every(
      (func) =>
        isTotalFor(func, place, takes, given) && (func.kind === "a" || func.result !== type.bool),
    );
    if (!total) context.decide(argument.columns, "call");
  }
  const value = computed(resolution.type, given);
  return { functions, value: executes ? executed(context, value) : value };
}

function operatorFunctions(context: Context, operators: readonly Operator[]): Func[] {
  return operators.map((operator) => {
    const func = context.catalog.functions.get(operator.functionOid);
    if (!func) throw new Opaque(`operator ${operator.name} has an unknown function`);
    return func;
  });
}

/** Every built-in operator is harmless, also those whose function is only stable. */
const isUserMade = (operator: Operator): boolean =>
  operator.oid >= firstUserOid || operator.schema !== "pg_catalog";

/** In PostgreSQL's words where the types are known and it would say where the operator stands. */
function unknownOperator(
  context: Context,
  name: readonly string[],
  left: Value | null,
  right: Value,
  written: Fields | null,
): Unresolved | Opaque {
  if (written === null || left?.type === 0 || right.type === 0)
    return new Opaque(`operator ${name.at(-1) ?? ""} is not known`);
  const at = location(written);
  const missing = missingSchema(context.catalog, nameOf(name).schema, at);
  if (missing) return missing;
  const said = [
    ...(left ? [typeText(context.catalog, left.type)] : []),
    name.join("."),
    typeText(context.catalog, right.type),
  ];
  return new Unresolved(
    "42883",
    `operator does not exist: ${said.join(" ")}`,
    at,
    left
      ? "No operator matches the given name and argument types. You might need to add explicit type casts."
      : "No operator matches the given name and argument type. You might need to add an explicit type cast.",
  );
}

/** An operator between values; `left` is null for a prefix operator. `written`: as it stands in the text. */
export function operate(
  context: Context,
  nameParts: readonly string[],
  left: Value | null,
  right: Value,
  written: Fields | null = null,
): Value {
  const name = nameOf(nameParts);
  const resolution = resolveOperator(context.names, name, left?.type ?? null, right.type);
  const operators = items(resolution);
  if (operators.length === 0) throw unknownOperator(context, nameParts, left, right, written);
  const given = left ? [left, right] : [right];
  coerceAll(context, resolution, given);
  if (given.some((value) => isRow(value.type))) refuseUserOperators(context);
  const functions = operatorFunctions(context, operators.filter(isUserMade));
  const executes = executeUnlessHarmless(context, functions, given, "operator");
  const userMade = given.some((value) => runsUserCode(context.catalog, value.type));
  if (userMade && functions.length === 0) {
    throw new Opaque(`operator ${name.name} on a user-made type`);
  }
  const value = computed(resolution.type, given);
  const takes = given.map((one) => context.catalog.types.get(one.type));
  const total =
    isTotalOperator(name.name, takes) &&
    operators.every((operator) => operator.result !== type.bool);
  if (!total) context.decide(value.columns, "comparison");
  return executes ? executed(context, value) : value;
}

/** Whether the operator is the column type's own equality (an integer's with any integer counts). */
export function isOwnEquality(
  context: Context,
  nameParts: readonly string[],
  column: Value,
  other: Value,
): boolean {
  const name = nameOf(nameParts);
  if (name.name !== "=") return false;
  const resolution = resolveOperator(context.names, name, column.type, other.type);
  if (resolution.kind !== "certain") return false;
  const { item } = resolution;
  const integers: readonly number[] = [type.int2, type.int4, type.int8];
  return (
    item.schema === "pg_catalog" &&
    item.oid < firstUserOid &&
    (item.left === item.right || (integers.includes(item.left) && integers.includes(item.right))) &&
    (item.left === column.type || fits(context, column.type, item.left))
  );
}

/** varchar, bpchar's kin, domains and enums are compared by the `=` of what they are stored as. */
function fits(context: Context, column: number, operand: number): boolean {
  const found = context.catalog.types.get(column);
  if (!found) return false;
  if (found.kind === "d") return found.base === operand || fits(context, found.base, operand);
  if (found.kind === "e") return operand === 3500;
  if (found.element !== 0) return operand === 2277;
  const cast = context.catalog.cast(column, operand);
  return cast?.method === "b" && cast.builtin && cast.context === "i";
}
