import { operate } from "./calls.ts";
import type { Context } from "./context.ts";
import { evaluate } from "./expressions.ts";
import { Opaque } from "./outcome.ts";
import type { Scope } from "./scope.ts";
import { query } from "./select.ts";
import { node, strings, text, type Fields } from "./tree.ts";
import { type } from "./types.ts";
import { computed, plain, union, type Value } from "./value.ts";
import { decided } from "./operator-expressions.ts";

/** A subquery inside an expression. */
export function subLink(fields: Fields, scope: Scope, context: Context): Value {
  const columns = query(fields["subselect"], scope, context);
  const outputs = columns.map(({ value }) => value);
  const [first] = outputs;
  if (columns[0]) context.subqueryNames.set(fields, columns[0].name);
  switch (text(fields["subLinkType"])) {
    case "EXISTS_SUBLINK":
      return plain(type.bool);
    case "EXPR_SUBLINK":
      if (!first) throw new Opaque("a subquery without columns");
      return outputs.length === 1
        ? { ...first, origin: null, constant: false }
        : computed(type.record, outputs);
    case "ARRAY_SUBLINK":
      if (!first || context.catalog.types.get(first.type)?.element !== 0)
        context.decide(union(...outputs.map((value) => value.columns)), "array");
      return computed(context.catalog.types.get(first?.type ?? 0)?.array ?? 0, outputs);
    case "ANY_SUBLINK":
    case "ALL_SUBLINK": {
      const operator = fields["operName"] === undefined ? ["="] : strings(fields["operName"]);
      const tested = fields["testexpr"];
      const lefts =
        node(tested).kind === "RowExpr" && outputs.length > 1
          ? rowItems(tested, scope, context)
          : [evaluate(tested, scope, context)];
      const results = outputs.map((output, at) =>
        operate(context, operator, lefts[at] ?? computed(0, lefts), output),
      );
      return decided(context, type.bool, [...lefts, ...results], "comparison");
    }
    default:
      throw new Opaque(`a subquery of kind ${text(fields["subLinkType"])}`);
  }
}

function rowItems(row: unknown, scope: Scope, context: Context): Value[] {
  const items = node(row).fields["args"];
  return Array.isArray(items) ? items.map((item) => evaluate(item, scope, context)) : [];
}
