import { call, isCurrentSetting } from "./calls.ts";
import { castTo } from "./casts.ts";
import type { Context } from "./context.ts";
import { evaluate } from "./expressions.ts";
import { nameOf, type QualifiedName } from "./names.ts";
import { Opaque } from "./outcome.ts";
import { rowField } from "./rows.ts";
import { readsOnly } from "./secret-settings.ts";
import { isNameColumn, setConfig } from "./settings.ts";
import type { Scope } from "./scope.ts";
import { list, location, node, record, strings, type Fields } from "./tree.ts";
import { sortable, type } from "./types.ts";
import { computed, plain, union, type Value } from "./value.ts";
import { sortColumns, windowColumns } from "./windows.ts";

/** A named argument's place is not known here, so any function of that name is possible. */
export function argument(expression: unknown, scope: Scope, context: Context): Value {
  const { kind, fields } = node(expression);
  if (kind !== "NamedArgExpr") return evaluate(expression, scope, context);
  return { ...evaluate(fields["arg"], scope, context), type: 0, constant: false };
}

/** `nextval('s')` and `setval('s', …)` change a sequence that a literal names. */
function sequenceCall(
  name: string,
  args: readonly unknown[],
  given: readonly Value[],
  context: Context,
): Value | null {
  if (name !== "nextval" && name !== "setval" && name !== "currval") return null;
  const functions = context.names.functions({ schema: null, name });
  if (!functions.every((func) => func.schema === "pg_catalog")) return null;
  const literal = stringLiteral(args[0]);
  if (literal === null) return null;
  const relation = context.names.findRelation(nameOf(literalName(literal)));
  if (relation?.kind !== "S") return null;
  if (name === "currval") context.asked.readTable(relation);
  else context.asked.change("update", relation, true);
  const feeds = union(...given.map((value) => value.columns));
  context.keep(feeds, "sequence");
  return computed(type.int8, given);
}

function stringLiteral(expression: unknown): string | null {
  if (expression === undefined) return null;
  const { kind, fields } = node(expression);
  if (kind === "TypeCast") return stringLiteral(fields["arg"]);
  const value = kind === "A_Const" ? fields["sval"] : undefined;
  if (value === undefined) return null;
  const sval = record(value)["sval"];
  return typeof sval === "string" ? sval : null;
}

/** A name inside a literal, as regclass reads it: unquoted parts are folded to lower case. */
function literalName(literal: string): string[] {
  const parts = literal.match(/"(?:[^"]|"")+"|[^".]+/g) ?? [];
  return parts.map((part) =>
    part.startsWith('"') ? part.slice(1, -1).replaceAll('""', '"') : part.trim().toLowerCase(),
  );
}

export function functionCall(fields: Fields, scope: Scope, context: Context): Value {
  const name = nameOf(strings(fields["funcname"]));
  const args = list(fields["args"]);
  const given = args.map((expression) => argument(expression, scope, context));
  if (fields["agg_star"] === true) return finish(plain(type.int8));
  const [single] = given;
  if (single && given.length === 1) {
    const cast = functionalCast();
    if (cast) return cast;
    const field = functionalField();
    if (field) return field;
  }
  if (name.schema === null || name.schema === "pg_catalog") {
    if (name.name === "set_config") {
      const functions = context.names.functions({ schema: null, name: "set_config" });
      if (functions.some((func) => func.schema !== "pg_catalog"))
        throw new Opaque("a user-made set_config");
      // INVARIANT: what sets the parser's settings is refused, whatever policy says of the function.
      if (setConfig(args, scope, context).names) context.changesNames = true;
      context.keep(union(...given.map((value) => value.columns)), "setting");
      return computed(type.text, given);
    }
    if (name.name === "current_setting") return currentSetting(name);
    const sequence = sequenceCall(name.name, args, given, context);
    if (sequence) return sequence;
  }
  if (fields["func_variadic"] === true) {
    return finish(
      call(
        context,
        name,
        given.map((value) => ({ ...value, type: 0 })),
      ).value,
    );
  }
  const order = fields["agg_within_group"] === true ? orderValues() : [];
  return finish(call(context, name, [...given, ...order], location(fields)).value);

  function orderValues(): Value[] {
    return list(fields["agg_order"]).map((item) => {
      const value = evaluate(node(item).fields["node"], scope, context);
      sortable(context, value.type);
      context.decide(value.columns, "aggregate");
      return { ...value, type: 0 };
    });
  }

  function currentSetting(written: QualifiedName): Value {
    const made = call(context, written, given, location(fields));
    const named = stringLiteral(args[0]);
    const setting = named ?? (isNameColumn(args[0]) ? scope.setting : null);
    if (setting !== null && made.functions.every(isCurrentSetting)) readsOnly(setting, context);
    return finish(made.value);
  }

  /** `text(x)`: a type's name called with one argument is a cast where no function fits. */
  function functionalCast(): Value | null {
    if (!single || context.names.functions(name).length > 0) return null;
    const target = context.names.calledType(name);
    if (!target) return null;
    return castTo(context, single, target, false);
  }

  /** `email(c)`: a column's name called with its row is that column where no function fits. */
  function functionalField(): Value | null {
    if (name.schema !== null || context.names.functions(name).length > 0) return null;
    return rowField(args[0], { String: { sval: name.name } }, scope, context);
  }

  /** What decides about an aggregate or window call feeds its value too. */
  function finish(value: Value): Value {
    if (fields["agg_star"] === true) checkStar();
    const deciding: (readonly string[])[] = [];
    if (fields["agg_distinct"] === true) {
      for (const one of given) sortable(context, one.type);
      deciding.push(...given.map(({ columns }) => columns));
    }
    deciding.push(sortColumns(fields["agg_order"], scope, context));
    if (fields["agg_filter"] !== undefined) {
      deciding.push(evaluate(fields["agg_filter"], scope, context).columns);
    }
    const window =
      fields["over"] === undefined ? [] : windowColumns(fields["over"], scope, context);
    context.decide(window, "window");
    context.decide(union(...deciding), "aggregate");
    const columns = union(...deciding, window);
    return { ...value, columns: union(value.columns, columns), bare: false, origin: null };
  }

  /** `f(*)` calls a function without arguments; only count is known to be that. */
  function checkStar(): void {
    const functions = context.names.functions(name);
    if (name.name !== "count" || functions.some((func) => func.schema !== "pg_catalog")) {
      throw new Opaque(`${name.name}(*)`);
    }
  }
}
