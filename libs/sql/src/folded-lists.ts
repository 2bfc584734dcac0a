/**
 * Long lists in what the parser writes (JSON): rows of VALUES, items of IN, elements of ARRAY. Of elements that differ in
 * nothing but what their constants say, the first two stay and stand for all, so that a reading takes as long as there
 * are kinds of elements. Works on the text, because the tree of a megabyte of SQL takes hundreds.
 *
 * Member names are found by their text, which no string of the JSON holds: in one, the quotes around it are escaped.
 */
import { fitsInt8 } from "./numeric-literals.ts";

/**
 * Which constants do not count: all of them, those that are an element or a column of a row by themselves (or under one
 * cast), or none, so that nothing is folded.
 */
export type Folding = "all" | "bare" | "none";

export interface FoldedText {
  readonly json: string;
  /** Some constants stand for others as well: they have the member `folded`. */
  readonly folded: boolean;
}

/** Shorter lists stay as they are. */
const shortest = 8;
/** Times that a text may be looked through because lists lie in lists; then the rest stays as it is. */
const mostLooks = 8;

const lists = /"(?:valuesLists|elements)":\[|"rexpr":\{"List":\{"items":\[/g;
const places =
  /,?"(?:location|name_location|rexpr_list_start|rexpr_list_end|list_start|list_end)":-?\d+/g;
const constantStart = '"A_Const":{';
const rowStart = /^\{"(?:List":\{"items|RowExpr":\{"args)":\[/;
const bareStart = /^\{(?:"TypeCast":\{"arg":\{)?"A_Const":\{/;

export function foldLists(json: string, folding: Folding): FoldedText {
  if (folding === "none") return { json, folded: false };
  let left = mostLooks * json.length;
  let folded = false;
  const made: string[] = [];
  let kept = 0;
  lists.lastIndex = 0;
  while (lists.test(json) && left > 0) {
    const start = lists.lastIndex;
    const ends = endsOf(json, start);
    const end = ends.at(-1) ?? start;
    left -= end - start;
    if (ends.length < shortest) continue;
    const elements = ends.map((at, n) => json.slice(n === 0 ? start : (ends[n - 1] ?? 0) + 1, at));
    const kinds = kindsOf(elements, folding);
    left -= end - start;
    if (kinds.length === elements.length) continue;
    folded = true;
    made.push(json.slice(kept, start), kinds.join(","));
    kept = end;
    lists.lastIndex = end;
  }
  made.push(json.slice(kept));
  return { json: made.join(""), folded };
}

/** The first two elements of each kind, marked when there are others. What reads them must not mind how many there are. */
function kindsOf(elements: readonly string[], folding: Folding): string[] {
  const kinds = new Map<string, string[]>();
  const left = new Set<string>();
  for (const element of elements) {
    const shape = rewritten(element, folding, shapeOfConstant).replace(places, "");
    const known = kinds.get(shape);
    if (!known) kinds.set(shape, [element]);
    else if (known.length < 2) known.push(element);
    else left.add(shape);
  }
  return [...kinds].flatMap(([shape, some]) =>
    left.has(shape) ? some.map((one) => rewritten(one, folding, markedConstant)) : some,
  );
}

type Rewrite = (kind: string, value: string) => string;

/** Stands for any constant of its kind; numbers that fit a bigint are of another type than those that do not. */
const shapeOfConstant: Rewrite = (kind, value) =>
  `"${kind}":${kind === "fval" ? String(isInt8(value)) : ""}`;

const markedConstant: Rewrite = (kind, value) => {
  const mark = kind === "fval" ? `"folded":true,"int8":${isInt8(value)}` : '"folded":true';
  return `"${kind}":{${mark}${value === "{}" ? "}" : `,${value.slice(1)}`}`;
};

const isInt8 = (value: string): boolean => {
  const { fval } = JSON.parse(value) as { readonly fval?: string };
  return fitsInt8(fval ?? "");
};

/** The element with those constants written otherwise that do not count. */
function rewritten(element: string, folding: Folding, rewrite: Rewrite): string {
  const made: string[] = [];
  let kept = 0;
  const bare = folding === "bare" ? barePlaces(element) : null;
  for (
    let at = element.indexOf(constantStart);
    at >= 0;
    at = element.indexOf(constantStart, at + 1)
  ) {
    if (bare && !bare.has(at)) continue;
    const inner = at + constantStart.length;
    const kind = element.slice(inner + 1, element.indexOf('"', inner + 1));
    const value = inner + kind.length + 3;
    if (element[value] !== "{") continue;
    const end = endOf(element, value);
    made.push(element.slice(kept, inner), rewrite(kind, element.slice(value, end)));
    kept = end;
  }
  made.push(element.slice(kept));
  return made.join("");
}

/** Where in an element the constants begin that are it, or a column of it when it is a row. */
function barePlaces(element: string): ReadonlySet<number> {
  const found = new Set<number>();
  const take = (from: number, to: number): void => {
    const [start] = bareStart.exec(element.slice(from, Math.min(to, from + 64))) ?? [];
    if (start !== undefined) found.add(from + start.length - constantStart.length);
  };
  const [row] = rowStart.exec(element) ?? [];
  if (row === undefined) take(0, element.length);
  else {
    let from = row.length;
    for (const end of endsOf(element, from)) {
      take(from, end);
      from = end + 1;
    }
  }
  return found;
}

/** Where each element of a list ends whose first one begins at `start`: at its comma, the last one at the bracket. */
function endsOf(json: string, start: number): number[] {
  const ends: number[] = [];
  if (json[start] === "]") return ends;
  for (let at = start; ; at = (ends.at(-1) ?? 0) + 1) {
    const end = endOf(json, at);
    ends.push(end);
    if (json[end] !== ",") return ends;
  }
}

const [quote, opening, closing, bracket, unbracket] = [34, 123, 125, 91, 93];

/** Behind the object, list, string or other value that begins at `from`. */
function endOf(json: string, from: number): number {
  let depth = 0;
  for (let at = from; at < json.length; at++) {
    const code = json.charCodeAt(at);
    if (code === quote) at = endOfString(json, at) - 1;
    else if (code === opening || code === bracket) depth += 1;
    else if (code === closing || code === unbracket) {
      depth -= 1;
      if (depth < 0) return at;
    } else if (code === 44 && depth === 0) return at;
    if (depth === 0 && (code === closing || code === unbracket)) return at + 1;
  }
  return json.length;
}

function endOfString(json: string, from: number): number {
  for (let at = json.indexOf('"', from + 1); at >= 0; at = json.indexOf('"', at + 1)) {
    let before = at;
    while (json[before - 1] === "\\") before -= 1;
    if ((at - before) % 2 === 0) return at + 1;
  }
  return json.length;
}

const statementsStart = '"stmts":[';

/** The statements in what the parser wrote of a text. */
export function statementsIn(json: string): string[] {
  const start = json.indexOf(statementsStart) + statementsStart.length;
  if (start < statementsStart.length) return [];
  const ends = endsOf(json, start);
  return ends.map((end, at) => json.slice(at === 0 ? start : (ends[at - 1] ?? 0) + 1, end));
}
