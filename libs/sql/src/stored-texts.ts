import type { Catalog } from "./catalog.ts";
import type { ParseTree } from "./parser-instance.ts";
import { threadAbove, type Parser } from "./parser.ts";
import { readCatalog, type CatalogRows } from "./read-catalog.ts";

/** A definition is parsed when it is first asked for; what the parser reads in its thread is read now. */
export async function openCatalog(rows: CatalogRows, parser: Parser): Promise<Catalog> {
  const trees = new Map<string, ParseTree>();
  const catalog = readCatalog(rows, stored);
  const texts = [...catalog.relations.values()].map(({ definition }) => definition);
  const bodies = [...catalog.functions.values()].map(({ body }) => body?.text ?? null);
  for (const text of [...texts, ...bodies]) {
    if (text === null || Buffer.byteLength(text) <= threadAbove) continue;
    const parsed = await parser.parse(text);
    if (parsed.kind === "tree") trees.set(text, parsed.tree);
  }
  return catalog;

  function stored(text: string, once?: "once"): ParseTree | null {
    const known = trees.get(text);
    if (known) return known;
    const parsed = parser.parse(text);
    if (parsed instanceof Promise || parsed.kind !== "tree") return null;
    if (once === undefined) trees.set(text, parsed.tree);
    return parsed.tree;
  }
}
