import { jsonRule } from "./json-constructors.ts";
import { xmlRule } from "./xml-constructors.ts";
import { operate } from "./calls.ts";
import { castTo } from "./casts.ts";
import { baseOf } from "./coercion.ts";
import { columnReference } from "./column-references.ts";
import type { Context } from "./context.ts";
import { functionCall } from "./function-calls.ts";
import { Opaque } from "./outcome.ts";
import { fieldType, rowField } from "./rows.ts";
import type { Scope } from "./scope.ts";
import { decided, operatorExpression } from "./operator-expressions.ts";
import { subLink } from "./sublinks.ts";
import { isInt8 } from "./numeric-literals.ts";
import { integer, known, knownFields, list, node, record, text, type Fields } from "./tree.ts";
import { namedType, type } from "./types.ts";
import { unify } from "./unify.ts";
import {
  computed,
  constant,
  plain,
  union,
  unknownType,
  type Literal,
  type Value,
} from "./value.ts";

/** What an expression asks and what feeds its value. */
export function evaluate(expression: unknown, scope: Scope, context: Context): Value {
  return context.within(() => {
    const { kind, fields } = node(expression);
    const rule = Object.hasOwn(rules, kind) ? rules[kind] : (jsonRule(kind) ?? xmlRule(kind));
    if (!rule) throw new Opaque(`an expression of kind ${kind}`);
    known(fields, kind, rule.fields);
    return rule.evaluate(fields, scope, context);
  });
}

export const evaluateAll = (expressions: unknown, scope: Scope, context: Context): Value[] =>
  list(expressions).map((expression) => evaluate(expression, scope, context));

/** How one kind of expression is read. */
export interface Rule {
  readonly fields: ReadonlySet<string>;
  evaluate(fields: Fields, scope: Scope, context: Context): Value;
}

const textLiteral = (written: Fields): Literal => ({
  kind: "text",
  get says() {
    return text(written["sval"]);
  },
});

const integerLiteral = (written: Fields): Literal => ({
  kind: "integer",
  get says() {
    return integer(written["ival"]);
  },
});

function constantValue(fields: Fields): Value {
  if (fields["isnull"] === true) return { ...constant(unknownType), literal: null };
  if ("sval" in fields)
    return { ...constant(unknownType), literal: textLiteral(record(fields["sval"])) };
  if ("ival" in fields)
    return { ...constant(type.int4), literal: integerLiteral(record(fields["ival"])) };
  if ("boolval" in fields) return constant(type.bool);
  if ("bsval" in fields) return constant(type.bit);
  if (!("fval" in fields)) throw new Opaque("a malformed constant");
  return constant(isInt8(record(fields["fval"])) ? type.int8 : type.numeric);
}

const sqlValueTypes: ReadonlyMap<string, number> = new Map([
  ["SVFOP_CURRENT_DATE", type.date],
  ["SVFOP_CURRENT_TIME", type.timetz],
  ["SVFOP_CURRENT_TIME_N", type.timetz],
  ["SVFOP_CURRENT_TIMESTAMP", type.timestamptz],
  ["SVFOP_CURRENT_TIMESTAMP_N", type.timestamptz],
  ["SVFOP_LOCALTIME", type.time],
  ["SVFOP_LOCALTIME_N", type.time],
  ["SVFOP_LOCALTIMESTAMP", type.timestamp],
  ["SVFOP_LOCALTIMESTAMP_N", type.timestamp],
]);

function caseExpression(fields: Fields, scope: Scope, context: Context): Value {
  const subject = fields["arg"] === undefined ? null : evaluate(fields["arg"], scope, context);
  const tests: Value[] = [];
  const results: Value[] = [];
  for (const item of list(fields["args"])) {
    const when = node(item).fields;
    known(when, "CaseWhen", knownFields("expr", "result"));
    if (subject) {
      tests.push(operate(context, ["="], subject, evaluate(when["expr"], scope, context)));
    } else {
      tests.push(evaluate(when["expr"], scope, context));
    }
    results.push(evaluate(when["result"], scope, context));
  }
  context.decide(union(...tests.map((value) => value.columns)), "case");
  // PostgreSQL looks at ELSE first when it chooses the type.
  if (fields["defresult"] !== undefined) {
    results.unshift(evaluate(fields["defresult"], scope, context));
  }
  const resultType = unify(context, results);
  return computed(resultType, [...results, ...tests]);
}

function arrayExpression(fields: Fields, scope: Scope, context: Context): Value {
  const written = list(fields["elements"]);
  const elements = evaluateAll(written, scope, context);
  const element = unify(context, elements);
  const found = context.catalog.types.get(element);
  // Arrays become one only if they are of one length.
  const nested = elements.filter(
    (value, at) =>
      node(written[at]).kind !== "A_ArrayExpr" &&
      (value.type === 0 || context.catalog.types.get(value.type)?.element !== 0),
  );
  context.decide(union(...nested.map((value) => value.columns)), "array");
  const array = found?.element ? element : (found?.array ?? 0);
  return {
    ...computed(array, elements),
    constant: elements.every((value) => value.constant),
  };
}

/** Subscripts and field selections of a value: nothing untouched comes out. */
function indirection(fields: Fields, scope: Scope, context: Context): Value {
  const [first, ...rest] = list(fields["indirection"]);
  const field = rowField(fields["arg"], first, scope, context);
  if (field && rest.length === 0) return field;
  const subject = field ?? evaluate(fields["arg"], scope, context);
  let resultType = subject.type;
  let subscripted: number | null = null;
  let sliced = false;
  const values = [subject];
  for (const step of field ? rest : [first, ...rest]) {
    const { kind, fields: inner } = node(step);
    if (kind === "A_Indices") {
      known(inner, kind, knownFields("is_slice", "lidx", "uidx"));
      for (const bound of [inner["lidx"], inner["uidx"]]) {
        if (bound === undefined) continue;
        const value = evaluate(bound, scope, context);
        context.decide(value.columns, "subscript");
        values.push(value);
      }
      subscripted ??= baseOf(context.catalog, resultType);
      sliced ||= inner["is_slice"] === true;
      // Subscripts side by side are one: of an element, or with a slice among them of an array.
      const found = context.catalog.types.get(subscripted);
      resultType = sliced
        ? subscripted
        : found?.element || (found?.category === "U" ? subscripted : 0);
    } else if (kind === "String") {
      subscripted = null;
      sliced = false;
      resultType = fieldType({ ...subject, type: resultType }, text(inner["sval"]), context);
    } else {
      throw new Opaque("a row taken apart");
    }
  }
  return computed(resultType, values);
}

function parameter(fields: Fields, _scope: Scope, context: Context): Value {
  const at = integer(fields["number"]) - 1;
  if (!context.parameters) return constant(context.parameterTypes[at] || unknownType);
  const value = context.parameters[at];
  if (!value) throw new Opaque("a parameter that the function does not have");
  return value;
}

/** Whether an expression is there already; a column of a subquery, a view or a call may be computed when it is needed. */
function cannotFail(expression: unknown, value: Value, context: Context): boolean {
  const { kind } = node(expression);
  if (kind === "A_Const" || kind === "SQLValueFunction") return true;
  if (kind === "ParamRef" && !context.parameters) return true;
  if ((kind !== "ColumnRef" && kind !== "ParamRef") || !value.origin) return false;
  const { tableOid, attnum } = value.origin;
  const relation = context.catalog.relations.get(tableOid);
  const column = relation?.columns.find((other) => other.attnum === attnum);
  return relation?.kind !== "v" && column !== undefined && column.generated !== "v";
}

const rules: Readonly<Record<string, Rule>> = {
  A_Const: {
    fields: knownFields("isnull", "sval", "ival", "fval", "boolval", "bsval"),
    evaluate: constantValue,
  },
  ParamRef: {
    fields: knownFields("number"),
    evaluate: parameter,
  },
  ColumnRef: { fields: knownFields("fields"), evaluate: columnReference },
  TypeCast: {
    fields: knownFields("arg", "typeName"),
    evaluate(fields, scope, context) {
      const target = namedType(fields["typeName"], context);
      const given = node(fields["arg"]);
      // The input function of rows is strict: NULL runs nothing.
      if (target.type.kind === "c" && given.kind === "A_Const" && given.fields["isnull"] === true)
        return constant(target.type.oid);
      return castTo(context, evaluate(fields["arg"], scope, context), target.type, target.modified);
    },
  },
  CollateClause: {
    fields: knownFields("arg", "collname"),
    evaluate: (fields, scope, context) => ({
      ...evaluate(fields["arg"], scope, context),
      origin: null,
    }),
  },
  A_Expr: {
    fields: knownFields("kind", "name", "lexpr", "rexpr", "rexpr_list_start", "rexpr_list_end"),
    evaluate: operatorExpression,
  },
  BoolExpr: {
    fields: knownFields("boolop", "args"),
    evaluate: (fields, scope, context) =>
      decided(context, type.bool, evaluateAll(fields["args"], scope, context), "boolean"),
  },
  NullTest: {
    fields: knownFields("arg", "nulltesttype", "argisrow"),
    evaluate: (fields, scope, context) =>
      decided(context, type.bool, [evaluate(fields["arg"], scope, context)], "boolean"),
  },
  BooleanTest: {
    fields: knownFields("arg", "booltesttype"),
    evaluate: (fields, scope, context) =>
      decided(context, type.bool, [evaluate(fields["arg"], scope, context)], "boolean"),
  },
  CaseExpr: { fields: knownFields("arg", "args", "defresult"), evaluate: caseExpression },
  CoalesceExpr: {
    fields: knownFields("args"),
    evaluate(fields, scope, context) {
      const args = list(fields["args"]);
      const values = evaluateAll(args, scope, context);
      // Whether a later argument is computed at all tells whether the earlier ones are null.
      if (!args.every((arg, at) => at === 0 || cannotFail(arg, values[at] ?? plain(0), context)))
        context.decide(union(...values.map((value) => value.columns)), "case");
      return computed(unify(context, values), values);
    },
  },
  MinMaxExpr: {
    fields: knownFields("op", "args"),
    evaluate(fields, scope, context) {
      const values = evaluateAll(fields["args"], scope, context);
      const [first] = values;
      for (const value of values) if (first) operate(context, ["<"], first, value);
      return decided(context, unify(context, values), values, "comparison");
    },
  },
  A_ArrayExpr: {
    fields: knownFields("elements", "list_start", "list_end"),
    evaluate: arrayExpression,
  },
  RowExpr: {
    fields: knownFields("args", "row_format"),
    evaluate: (fields, scope, context) =>
      computed(type.record, evaluateAll(fields["args"], scope, context)),
  },
  A_Indirection: { fields: knownFields("arg", "indirection"), evaluate: indirection },
  SQLValueFunction: {
    fields: knownFields("op", "typmod"),
    evaluate: (fields) => plain(sqlValueTypes.get(text(fields["op"])) ?? type.name),
  },
  GroupingFunc: {
    fields: knownFields("args"),
    evaluate(fields, scope, context) {
      return computed(type.int4, evaluateAll(fields["args"], scope, context));
    },
  },
  // Which rows the cursor reaches was asked when it was declared.
  CurrentOfExpr: {
    fields: knownFields("cvarno", "cursor_name", "cursor_param"),
    evaluate: () => plain(type.bool),
  },
  MergeSupportFunc: {
    fields: knownFields("msftype", "msfcollid"),
    evaluate: () => plain(type.text),
  },
  FuncCall: {
    fields: knownFields(
      "funcname",
      "args",
      "agg_order",
      "agg_filter",
      "over",
      "agg_within_group",
      "agg_star",
      "agg_distinct",
      "func_variadic",
      "funcformat",
    ),
    evaluate: functionCall,
  },
  SubLink: {
    fields: knownFields("subLinkType", "testexpr", "operName", "subselect"),
    evaluate: subLink,
  },
};
