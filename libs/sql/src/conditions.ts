import { isOwnEquality } from "./calls.ts";
import { findColumn } from "./column-references.ts";
import type { Context } from "./context.ts";
import { evaluate } from "./expressions.ts";
import type { Scope } from "./scope.ts";
import { known, knownFields, list, node, strings, text } from "./tree.ts";
import { baseOf } from "./coercion.ts";
import { unknownType, type Value } from "./value.ts";
import { applies } from "./rules.ts";
import { reachInput } from "./type-inputs.ts";

/**
 * A WHERE or ON: its top-level AND terms of the form `column = constant` are lookups, all else that
 * names a classified column is a predicate (design §5).
 */
export function condition(expression: unknown, scope: Scope, context: Context): void {
  if (expression === undefined) return;
  const { kind, fields } = node(expression);
  if (kind === "BoolExpr" && fields["boolop"] === "AND_EXPR") {
    known(fields, kind, knownFields("boolop", "args"));
    context.within(() => {
      for (const term of list(fields["args"])) condition(term, scope, context);
    });
    return;
  }
  if (lookup(expression, scope, context)) return;
  context.decide(evaluate(expression, scope, context).columns, "condition");
}

const expressionFields = knownFields(
  "kind",
  "name",
  "lexpr",
  "rexpr",
  "rexpr_list_start",
  "rexpr_list_end",
);

function lookup(expression: unknown, scope: Scope, context: Context): boolean {
  const { kind, fields } = node(expression);
  if (kind !== "A_Expr" || fields["lexpr"] === undefined || fields["rexpr"] === undefined) {
    return false;
  }
  known(fields, kind, expressionFields);
  const name = strings(fields["name"]);
  if (name.at(-1) !== "=") return false;
  switch (text(fields["kind"])) {
    case "AEXPR_OP":
      return (
        looksUp(fields["lexpr"], [fields["rexpr"]], false) ||
        looksUp(fields["rexpr"], [fields["lexpr"]], false)
      );
    case "AEXPR_IN":
      return looksUp(fields["lexpr"], list(node(fields["rexpr"]).fields["items"]), false);
    case "AEXPR_OP_ANY":
      return looksUp(fields["lexpr"], [fields["rexpr"]], true);
    default:
      return false;
  }

  function looksUp(side: unknown, others: readonly unknown[], array: boolean): boolean {
    if (node(side).kind !== "ColumnRef" || !others.every(isConstant)) return false;
    const { value, level } = findColumn(node(side).fields, scope, context);
    reachInput(context, value.type);
    if ((level !== 0 || !value.bare) && applies("lookup place")) return false;
    for (const other of others) {
      const given = evaluate(other, scope, context);
      if (!given.constant) return false;
      const compared = array ? elementOf(given, context) : given;
      if (!isOwnEquality(context, name, value, compared) && applies("own equality")) return false;
    }
    context.lookUp(value.columns, "condition");
    return true;
  }
}

function elementOf(array: Value, context: Context): Value {
  if (array.type === unknownType) return array;
  const found = context.catalog.types.get(baseOf(context.catalog, array.type));
  return { ...array, type: found?.element ?? 0 };
}

/** Literals, parameters, and casts and arrays of them. */
function isConstant(expression: unknown): boolean {
  const { kind, fields } = node(expression);
  switch (kind) {
    case "A_Const":
      // Under `transform_null_equals` it would mean IS NULL.
      return fields["isnull"] !== true;
    case "ParamRef":
      return true;
    case "TypeCast":
      return isConstant(fields["arg"]);
    case "A_ArrayExpr":
      return list(fields["elements"]).every(isConstant);
    default:
      return false;
  }
}
