import type { Context } from "./context.ts";
import { evaluate, evaluateAll, type Rule } from "./expressions.ts";
import { decided } from "./operator-expressions.ts";
import type { Scope } from "./scope.ts";
import { knownFields, list, only, text, type Fields } from "./tree.ts";
import { namedType, type } from "./types.ts";
import { castTo } from "./casts.ts";
import type { Value } from "./value.ts";

/** XMLELEMENT and its kin: some values (an infinite date, no well-formed text) make them fail, so they decide. */
function xmlExpression(fields: Fields, scope: Scope, context: Context): Value {
  const named = list(fields["named_args"]).map((item) =>
    evaluate(only(item, "ResTarget")["val"], scope, context),
  );
  const values = [...named, ...evaluateAll(fields["args"], scope, context)];
  const result = text(fields["op"]) === "IS_DOCUMENT" ? type.bool : type.xml;
  return decided(context, result, values, "document");
}

function xmlSerialize(fields: Fields, scope: Scope, context: Context): Value {
  const value = decided(context, type.xml, [evaluate(fields["expr"], scope, context)], "document");
  const target = namedType(fields["typeName"], context);
  return castTo(context, value, target.type, target.modified);
}

export function xmlRule(kind: string): Rule | undefined {
  switch (kind) {
    case "XmlExpr":
      return { fields: xmlFields, evaluate: xmlExpression };
    case "XmlSerialize":
      return { fields: serializeFields, evaluate: xmlSerialize };
    default:
      return undefined;
  }
}

const xmlFields = knownFields("op", "name", "named_args", "arg_names", "args", "xmloption");
const serializeFields = knownFields("xmloption", "expr", "typeName", "indent");
