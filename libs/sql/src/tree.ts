/**
 * Access to the parser's JSON trees. A node is `{ Kind: { field: … } }`; the parser leaves out fields
 * that are false, zero or empty. Reading a node through `fields` names every field that the caller
 * understands: another one makes the statement opaque, so a newer grammar cannot slip past us.
 */
import { Opaque } from "./outcome.ts";

export type Fields = Readonly<Record<string, unknown>>;

export const isFields = (value: unknown): value is Fields =>
  typeof value === "object" && value !== null && !Array.isArray(value);

export interface Node {
  readonly kind: string;
  readonly fields: Fields;
}

/** Takes `{ Kind: fields }` apart. */
export function node(value: unknown): Node {
  if (!isFields(value)) throw new Opaque("a malformed parse tree");
  for (const kind in value) {
    const fields = value[kind];
    if (isFields(fields)) return { kind, fields };
  }
  throw new Opaque("a malformed parse tree");
}

/** The node's fields if it is of that kind, else opaque. */
export function only(value: unknown, kind: string): Fields {
  const found = node(value);
  if (found.kind !== kind) throw new Opaque(`a ${found.kind} where a ${kind} was expected`);
  return found.fields;
}

/** Refuses to overlook a field that the caller does not know. */
export function known(fields: Fields, kind: string, names: ReadonlySet<string>): void {
  for (const name in fields) {
    if (!names.has(name)) throw new Opaque(`${kind} with ${name}`);
  }
}

export const knownFields = (...names: string[]): ReadonlySet<string> =>
  new Set(["location", ...names]);

export function list(value: unknown): readonly unknown[] {
  if (value === undefined) return [];
  if (!Array.isArray(value)) throw new Opaque("a malformed parse tree");
  return value;
}

export function record(value: unknown): Fields {
  if (!isFields(value)) throw new Opaque("a malformed parse tree");
  return value;
}

export const text = (value: unknown): string => (typeof value === "string" ? value : "");

export const integer = (value: unknown): number => (typeof value === "number" ? value : 0);

/**
 * Every object in a tree, in no order, but for what constants say: no name, parameter or call is in one, and a reading
 * that looked there would hang on every literal of its text.
 */
export function* fieldsIn(tree: unknown): Generator<Fields> {
  const waiting: unknown[] = [tree];
  while (waiting.length > 0) {
    const next = waiting.pop();
    if (Array.isArray(next)) for (const item of next) waiting.push(item);
    if (!isFields(next)) continue;
    yield next;
    for (const key in next) if (key !== "A_Const") waiting.push(next[key]);
  }
}

/** Where an expression begins in the text: the first place that anything in it has; -1: none. */
export function beginning(value: unknown): number {
  let first = -1;
  for (const fields of fieldsIn(value)) {
    const constant = fields["A_Const"];
    for (const at of [location(fields), isFields(constant) ? location(constant) : -1])
      if (at >= 0 && (first < 0 || at < first)) first = at;
  }
  return first;
}

/** The strings of a list of String nodes, such as a qualified name. */
export const strings = (value: unknown): string[] =>
  list(value).map((item) => text(only(item, "String")["sval"]));

export const location = (fields: Fields): number =>
  typeof fields["location"] === "number" ? fields["location"] : -1;
