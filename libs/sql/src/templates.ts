import type { Analysis } from "./analysis.ts";
import { analyse, type Subject } from "./analyse.ts";
import { keepsNoTree } from "./keeps-no-tree.ts";
import type { Template, WrittenLiteral } from "./literals.ts";
import type { Parsed, ParseTree } from "./parser-instance.ts";
import { isFields, location, node, type Fields } from "./tree.ts";
import { Watch } from "./watch.ts";

export interface TemplateSubject extends Omit<Subject, "text" | "session" | "bound"> {
  readonly parse: (text: string) => Parsed | Promise<Parsed>;
  /** Off only in a test, to show what it is for. */
  readonly watching?: boolean;
}

/**
 * What every text of the template asks, whatever its literals say; null when that may depend on one of them.
 * INVARIANT (I3): it is what analysing any of these texts anew would give, because
 * - their tokens are the same but for the literals' values (`templateOf`), and so are the parser's steps,
 * - each literal is one constant in the tree, and nothing else of the tree comes of its value: a text with other
 *   literals was parsed to see that,
 * - the analysis was given the key as its text, and a tree without places in the text, in which it asked nothing of
 *   these values.
 */
export function analyseTemplate(
  text: string,
  { key, literals }: Template,
  tree: ParseTree,
  subject: TemplateSubject,
): Analysis | null {
  try {
    const watch = new Watch();
    const found = watchedTree(text, literals, tree, subject, watch);
    if (found === null) return null;
    const { parse: _, watching = true, ...rest } = subject;
    const analysis = analyse(found, { ...rest, text: key });
    // What was kept to be looked at later would be seen here.
    JSON.stringify(analysis);
    return analysis.kind === "analysed" && !(watch.seen && watching) ? analysis : null;
  } catch {
    return null;
  }
}

function watchedTree(
  text: string,
  literals: readonly WrittenLiteral[],
  tree: ParseTree,
  { parse }: TemplateSubject,
  watch: Watch,
): ParseTree | null {
  const [sole, ...others] = tree.stmts;
  if (!sole || others.length > 0 || !keepsNoTree.has(node(sole["stmt"]).kind)) return null;
  const places = placesOf(text, literals, tree);
  if (places === null) return null;
  const probe = probeOf(text, literals);
  const parsed = parse(probe.text);
  if (parsed instanceof Promise || parsed.kind !== "tree") return null;
  const probed = placesOf(probe.text, probe.literals, parsed.tree);
  if (probed === null) return null;
  const number = (at: number) => ({ literal: at });
  if (
    JSON.stringify(without(tree, places, number)) !==
    JSON.stringify(without(parsed.tree, probed, number))
  )
    return null;
  return without(tree, places, (_, value) => watch.over(value)) as ParseTree;
}

/** The same text with other literals, each of another length. */
function probeOf(text: string, literals: readonly WrittenLiteral[]) {
  let made = "";
  let kept = 0;
  const moved: WrittenLiteral[] = [];
  for (const { kind, start, end } of literals) {
    made += text.slice(kept, start);
    const from = made.length;
    const written = text.slice(start, end);
    made += kind === "text" ? `'p${written.slice(1)}` : otherInteger(written);
    kept = end;
    moved.push({ kind, start: from, end: made.length });
  }
  return { text: made + text.slice(kept), literals: moved };
}

const otherInteger = (digits: string): string =>
  digits.length < 9 ? `${digits}7` : String((Number(digits) % 7) + 1);

/** Fields of nodes that say where something stands in the text. */
const positions: ReadonlySet<string> = new Set([
  "location",
  "stmt_location",
  "stmt_len",
  "name_location",
  "rexpr_list_start",
  "rexpr_list_end",
  "list_start",
  "list_end",
]);

/** Where each literal's constant says that it is (bytes) → which literal it is; null when one has none of its own. */
function placesOf(
  text: string,
  literals: readonly WrittenLiteral[],
  tree: ParseTree,
): ReadonlyMap<number, number> | null {
  const constants = new Map<number, string>();
  if (!collect(tree.stmts, constants)) return null;
  const ascii = Buffer.byteLength(text) === text.length;
  const byte = (at: number): number => (ascii ? at : Buffer.byteLength(text.slice(0, at)));
  const places = new Map<number, number>();
  for (const [index, { kind, start }] of literals.entries()) {
    // The parser says of a negative number that it is where its sign is, and drops parentheses.
    const before = kind === "integer" ? text.slice(0, start) : "";
    const signs = /[\s(-]*$/.exec(before)?.[0].length ?? 0;
    const candidates = Array.from({ length: signs + 1 }, (_, back) => byte(start - back));
    const place = candidates.find((at) => constants.get(at) === kind);
    if (place === undefined || places.has(place)) return null;
    places.set(place, index);
  }
  return places;
}

/** Constants by their places; false when two are at one. */
function collect(value: unknown, constants: Map<number, string>): boolean {
  if (Array.isArray(value)) return value.every((item) => collect(item, constants));
  if (!isFields(value)) return true;
  for (const key in value) {
    const inner = value[key];
    if (key === "A_Const" && isFields(inner)) {
      const kind = kindOf(inner);
      const at = location(inner);
      if (kind !== null && at >= 0) {
        if (constants.has(at)) return false;
        constants.set(at, kind);
      }
    } else if (!collect(inner, constants)) return false;
  }
  return true;
}

const kindOf = (constant: Fields): WrittenLiteral["kind"] | null =>
  "ival" in constant ? "integer" : "sval" in constant ? "text" : null;

/** A copy without places in the text, in which `instead` stands for what the constants at `places` say. */
function without(
  value: unknown,
  places: ReadonlyMap<number, number>,
  instead: (literal: number, value: Fields) => object,
): unknown {
  if (Array.isArray(value)) return value.map((item) => without(item, places, instead));
  if (!isFields(value)) return value;
  const copy: Record<string, unknown> = {};
  for (const key in value) {
    const inner = value[key];
    if (positions.has(key) && typeof inner === "number") continue;
    copy[key] =
      key === "A_Const" && isFields(inner) ? constant(inner) : without(inner, places, instead);
  }
  return copy;

  function constant(fields: Fields): unknown {
    const literal = places.get(location(fields));
    const kind = kindOf(fields);
    const said = fields[kind === "integer" ? "ival" : "sval"];
    if (literal === undefined || kind === null || !isFields(said))
      return without(fields, places, instead);
    return { [kind === "integer" ? "ival" : "sval"]: instead(literal, said) };
  }
}
