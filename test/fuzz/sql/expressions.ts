import type { Making } from "./making.ts";
import type { Piece } from "./piece.ts";
import { literals, productions } from "./productions.ts";
import { query } from "./queries.ts";
import { references, wholePeople, wholeRows, type Scope, type Type } from "./scope.ts";

const holes = /\$(q\([a-z,]+\)|[a-z]+)/;

/** A template of the grammar with its holes filled; its construct is the template. */
export function fill(
  template: string,
  kind: string,
  scope: Scope,
  making: Making,
  plain?: string,
): Piece {
  const parts = template.split(holes).map((part, at): string | Piece => {
    if (at % 2 === 0) return part;
    if (part.startsWith("q(")) {
      const types = part.slice(2, -1).split(",") as Type[];
      return subquery(types, scope, making);
    }
    if (part === "row") return row(scope, making);
    return expression(part as Type, scope, making);
  });
  return { kind, construct: template, parts, ...(plain !== undefined && { plain }) };
}

/** Of one type, over what a scope names. */
export function expression(type: Type, scope: Scope, making: Making): Piece {
  const plain = literals[type][0] ?? "NULL";
  const calls = making.objects.flatMap(({ call }) => (call?.[0] === type ? [call[1]] : []));
  if (calls.length > 0 && making.chance(0.04) && making.more())
    return { ...fill(making.of(calls), type, scope, making, plain), construct: "made function" };
  const templates = productions[type];
  if (templates !== undefined && making.more() && making.chance(0.55))
    return fill(making.of(templates), type, scope, making, plain);
  const named = references(scope, type);
  const text =
    type === "people" && making.chance(0.7)
      ? wholePeople(scope)[0]
      : named.length > 0 && making.chance(0.85)
        ? making.of(named)
        : undefined;
  const construct = text === undefined ? "literal" : "column";
  return { kind: type, construct, parts: [text ?? making.of(literals[type])], plain };
}

function row(scope: Scope, making: Making): Piece {
  const all = wholeRows(scope);
  const text = all.length > 0 ? making.of(all) : "ROW(1, 'r')";
  return { kind: "row", construct: "whole row", parts: [text], plain: "ROW(1, 'r')" };
}

/** In parentheses, of at most one row where it has one column. */
function subquery(types: readonly Type[], scope: Scope, making: Making): Piece {
  const inner = query(types, null, scope, making);
  const limited = types.length === 1 ? " LIMIT 1" : "";
  return {
    kind: `subquery ${types.join()}`,
    construct: "subquery",
    parts: ["(SELECT * FROM (", inner, `) ${making.fresh()}${limited})`],
    plain: `(SELECT ${types.map((type) => literals[type][0]).join(", ")})`,
  };
}
