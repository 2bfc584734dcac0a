import type { Context } from "./context.ts";
import { integer, list, node, record, strings, text, type Fields } from "./tree.ts";

/** What FigureColname asks of subqueries: they are read by then, as the ones of `context` must be. */
type Names = Pick<Context, "subqueryNames">;

/** FigureColname (parse_target.c): the name that an unnamed output gets, and how strongly it wants it. */
export const outputName = (expression: unknown, names: Names): string =>
  figure(expression, names)?.name ?? "?column?";

interface Figured {
  readonly name: string;
  readonly strong: boolean;
}

const strong = (name: string | undefined): Figured | null =>
  name === undefined ? null : { name, strong: true };
const weak = (name: string): Figured => ({ name, strong: false });

const fixed: Readonly<Record<string, string>> = {
  GroupingFunc: "grouping",
  MergeSupportFunc: "merge_action",
  A_ArrayExpr: "array",
  RowExpr: "row",
  CoalesceExpr: "coalesce",
  XmlSerialize: "xmlserialize",
  JsonParseExpr: "json",
  JsonScalarExpr: "json_scalar",
  JsonSerializeExpr: "json_serialize",
  JsonObjectConstructor: "json_object",
  JsonArrayConstructor: "json_array",
  JsonArrayQueryConstructor: "json_array",
  JsonObjectAgg: "json_objectagg",
  JsonArrayAgg: "json_arrayagg",
};

const lastString = (values: unknown): string | undefined =>
  list(values)
    .map(node)
    .filter(({ kind }) => kind === "String")
    .map(({ fields }) => text(fields["sval"]))
    .at(-1);

function figure(expression: unknown, names: Names): Figured | null {
  const { kind, fields } = node(expression);
  switch (kind) {
    case "ColumnRef":
      return strong(lastString(fields["fields"]));
    case "A_Indirection":
      return strong(lastString(fields["indirection"])) ?? figure(fields["arg"], names);
    case "FuncCall":
      return strong(strings(fields["funcname"]).at(-1));
    case "A_Expr":
      return fields["kind"] === "AEXPR_NULLIF" ? strong("nullif") : null;
    case "TypeCast":
      return cast(fields, names);
    case "CollateClause":
      return figure(fields["arg"], names);
    case "SubLink":
      return subLink(fields, names);
    case "CaseExpr": {
      const last = fields["defresult"] === undefined ? null : figure(fields["defresult"], names);
      return last?.strong ? last : weak("case");
    }
    case "MinMaxExpr":
      return strong(fields["op"] === "IS_LEAST" ? "least" : "greatest");
    case "XmlExpr":
      return fields["op"] === "IS_DOCUMENT" ? null : strong(operation(fields, "IS_"));
    case "JsonFuncExpr":
      return strong(operation(fields, "").replace(/_op$/, ""));
    case "SQLValueFunction":
      return strong(sqlValueName(fields));
    default:
      return strong(fixed[kind]);
  }
}

function cast(fields: Fields, names: Names): Figured | null {
  const inner = figure(fields["arg"], names);
  if (inner?.strong) return inner;
  const name = strings(record(fields["typeName"])["names"]).at(-1);
  return name === undefined ? inner : weak(name);
}

function subLink(fields: Fields, names: Names): Figured | null {
  if (fields["subLinkType"] === "EXISTS_SUBLINK") return strong("exists");
  if (fields["subLinkType"] === "ARRAY_SUBLINK") return strong("array");
  if (fields["subLinkType"] !== "EXPR_SUBLINK") return null;
  return strong(names.subqueryNames.get(fields));
}

const operation = (fields: Fields, prefix: string): string =>
  text(fields["op"]).slice(prefix.length).toLowerCase();

/** SVFOP_CURRENT_TIMESTAMP_N → current_timestamp. */
const sqlValueName = (fields: Fields): string =>
  text(fields["op"])
    .replace(/^SVFOP_/, "")
    .replace(/_N$/, "")
    .toLowerCase();

/** The 1-based position that an integer constant in ORDER BY or GROUP BY means; null for another expression. */
export function position(expression: unknown): number | null {
  const { kind, fields } = node(expression);
  if (kind !== "A_Const" || !("ival" in fields)) return null;
  return integer(record(fields["ival"])["ival"]);
}
