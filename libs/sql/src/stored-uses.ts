import { firstUserOid, type Catalog, type Column, type Relation } from "./catalog.ts";
import { beforeText, firstMadeOid } from "./made-relations.ts";

/** What the texts that a catalog keeps may name, and what rows are of outside their table. */
interface Uses {
  readonly words: ReadonlySet<string>;
  readonly types: ReadonlySet<number>;
  /** People made ranges, of which the catalog does not tell what they are over. */
  readonly ranges: boolean;
}

/** Names that PostgreSQL prints as they are, in quotes or not. */
const plainName = /^[A-Za-z_][A-Za-z0-9_$]*$/;
const anyWord = /[\p{L}_][\p{L}\p{N}_$]*/gu;

const remembered = new WeakMap<Catalog, Uses>();

function usesOf(catalog: Catalog): Uses {
  const known = remembered.get(catalog);
  if (known) return known;
  const words = new Set<string>();
  const types = new Set<number>();
  const read = (text: string): void => {
    for (const [word] of text.matchAll(anyWord)) words.add(word);
  };
  for (const relation of catalog.relations.values()) {
    if (relation.oid < firstUserOid) continue;
    if (relation.definition !== null) read(relation.definition);
    for (const text of ownTexts(relation)) read(text);
    for (const { typeOid } of relation.columns) types.add(typeOid);
  }
  for (const func of catalog.functions.values()) {
    if (func.oid < firstUserOid) continue;
    if (func.body?.atomic === true) read(func.body.text);
    for (const type of [...func.arguments, func.result, ...func.out.map((one) => one.type)])
      types.add(type);
  }
  let ranges = false;
  for (const { oid, base, kind } of catalog.types.values()) {
    if (oid < firstUserOid) continue;
    types.add(base);
    ranges ||= kind === "r";
  }
  const uses = { words, types, ranges };
  remembered.set(catalog, uses);
  return uses;
}

const ownTexts = ({ expressions, columns }: Relation): readonly string[] => [
  ...expressions.map(({ text }) => text),
  ...columns.flatMap((column) =>
    column.generated !== "" && column.default !== null ? [column.default] : [],
  ),
];

/**
 * Whether what is kept elsewhere, as PostgreSQL printed it before this text, could name a table, its columns or their
 * places: views, policies, function bodies, and whatever holds rows of its type. PostgreSQL would print it anew.
 */
export function isKeptElsewhere(catalog: Catalog, relation: Relation): boolean {
  // What a text has made so far keeps no texts, nor anything of a type that people made.
  if (relation.oid >= firstMadeOid) return false;
  const base = beforeText(catalog);
  const { words, types, ranges } = usesOf(base);
  const name = base.relations.get(relation.oid)?.name ?? relation.name;
  const array = base.types.get(relation.rowType)?.array ?? 0;
  const held = types.has(relation.rowType) || (array !== 0 && types.has(array));
  return ranges || held || !plainName.test(name) || words.has(name);
}

/** Whether a constraint, index, policy or generated column of the table could name its column. */
export const isNamedWithin = (relation: Relation, { name }: Column): boolean =>
  !plainName.test(name) ||
  ownTexts(relation).some((text) => [...text.matchAll(anyWord)].some(([word]) => word === name));
