import { operate } from "./calls.ts";
import { baseOf, isPolymorphic } from "./coercion.ts";
import type { Context } from "./context.ts";
import { evaluate, evaluateAll } from "./expressions.ts";
import { steppedInto } from "./json-steps.ts";
import { nameOf } from "./names.ts";
import { Opaque } from "./outcome.ts";
import { resolveOperator } from "./resolve.ts";
import type { Scope } from "./scope.ts";
import { list, node, strings, text, type Fields } from "./tree.ts";
import { type } from "./types.ts";
import { computed, unknownType, type Value } from "./value.ts";
import type { Rule } from "./rules.ts";

/** A value that decides something, made of these. */
export function decided(
  context: Context,
  resultType: number,
  values: readonly Value[],
  rule: Rule,
): Value {
  const value = computed(resultType, values);
  context.decide(value.columns, rule);
  return value;
}

/** A side of an operator; the fields of a row that is written out are compared one by one. */
interface Operand {
  readonly value: Value;
  readonly fields: readonly Value[] | null;
}

function operand(expression: unknown, scope: Scope, context: Context): Operand {
  const { kind, fields } = node(expression);
  const value = evaluate(expression, scope, context);
  if (kind !== "RowExpr") return { value, fields: null };
  return { value, fields: evaluateAll(fields["args"], scope, context) };
}

function compare(
  context: Context,
  name: readonly string[],
  left: Operand | null,
  right: Operand,
  written: Fields | null = null,
): Value {
  const [lefts, rights] = [left?.fields, right.fields];
  if (!lefts || !rights || lefts.length !== rights.length) {
    return operate(
      context,
      name,
      left?.value ?? null,
      right.value,
      lefts || rights ? null : written,
    );
  }
  const results = lefts.map((value, n) => operate(context, name, value, rights[n] ?? value));
  return decided(context, type.bool, results, "comparison");
}

/** NULLIF is of the type to which the operator coerces its left side; 0 when unsure. */
function nullIfType(name: readonly string[], left: Value, right: Value, context: Context): number {
  const found = resolveOperator(context.names, nameOf(name), left.type, right.type);
  const [parameter] = found.kind === "certain" ? found.parameters : [];
  if (parameter === undefined) return 0;
  if (!isPolymorphic(parameter)) return parameter;
  return left.type === unknownType ? 0 : baseOf(context.catalog, left.type);
}

const betweenOperators: ReadonlyMap<string, readonly string[]> = new Map([
  ["AEXPR_BETWEEN", [">=", "<="]],
  ["AEXPR_NOT_BETWEEN", ["<", ">"]],
  ["AEXPR_BETWEEN_SYM", [">=", "<="]],
  ["AEXPR_NOT_BETWEEN_SYM", ["<", ">"]],
]);

/** IN and BETWEEN: the operand against each item. */
function againstEach(
  operators: readonly (readonly string[])[],
  fields: Fields,
  scope: Scope,
  context: Context,
): Value {
  const left = operand(fields["lexpr"], scope, context);
  const items = list(node(fields["rexpr"]).fields["items"]).map((item) =>
    operand(item, scope, context),
  );
  const results = items.flatMap((item) =>
    operators.map((operator) => compare(context, operator, left, item)),
  );
  const values = [left.value, ...items.map(({ value }) => value), ...results];
  return decided(context, type.bool, values, "comparison");
}

/** All that the grammar calls A_Expr. */
export function operatorExpression(fields: Fields, scope: Scope, context: Context): Value {
  const name = strings(fields["name"]);
  const kind = text(fields["kind"]);
  const between = betweenOperators.get(kind);
  if (between)
    return againstEach(
      between.map((operator) => [operator]),
      fields,
      scope,
      context,
    );
  if (kind === "AEXPR_IN") return againstEach([name], fields, scope, context);
  const left = fields["lexpr"] === undefined ? null : operand(fields["lexpr"], scope, context);
  const right = operand(fields["rexpr"], scope, context);
  switch (kind) {
    case "AEXPR_OP": {
      const result = compare(context, name, left, right, fields);
      const { value } = right;
      return left
        ? steppedInto(name, left.value, { value, expression: fields["rexpr"] }, result, context)
        : result;
    }
    case "AEXPR_LIKE":
    case "AEXPR_ILIKE":
    case "AEXPR_SIMILAR":
      return decided(context, type.bool, [compare(context, name, left, right)], "comparison");
    case "AEXPR_OP_ANY":
    case "AEXPR_OP_ALL": {
      const array = context.catalog.types.get(baseOf(context.catalog, right.value.type));
      const element = right.value.type === unknownType ? unknownType : (array?.element ?? 0);
      const item = { ...right.value, type: element };
      return decided(
        context,
        type.bool,
        [operate(context, name, left?.value ?? null, item)],
        "comparison",
      );
    }
    case "AEXPR_DISTINCT":
    case "AEXPR_NOT_DISTINCT":
      return decided(context, type.bool, [compare(context, ["="], left, right)], "comparison");
    case "AEXPR_NULLIF": {
      const result = compare(context, ["="], left, right);
      const resultType = left ? nullIfType(name, left.value, right.value, context) : 0;
      return decided(context, resultType, left ? [left.value, result] : [result], "comparison");
    }
    default:
      throw new Opaque(`an operator expression of kind ${kind}`);
  }
}
