import type { Catalog } from "./catalog.ts";
import type { ParseTree } from "./parser-instance.ts";
import { threadAbove, type Parser } from "./parser.ts";
import { readCatalog, type CatalogRows } from "./read-catalog.ts";

/** A definition is parsed when it is first asked for; what the parser reads in its thread is read now. */
export async function openCatalog(rows: CatalogRows, parser: Parser): Promise<Catalog> {
  const trees = new Map<string, ParseTree>();
  const texts = [...rows.definitions, ...rows.bodies].map(([, text]) => text ?? "");
  for (const text of texts) {
    if (Buffer.byteLength(text) <= threadAbove) continue;
    const parsed = await parser.parse(text);
    if (parsed.kind === "tree") trees.set(text, parsed.tree);
  }
  return readCatalog(rows, (text) => {
    const known = trees.get(text);
    if (known) return known;
    const parsed = parser.parse(text);
    if (parsed instanceof Promise || parsed.kind !== "tree") return null;
    trees.set(text, parsed.tree);
    return parsed.tree;
  });
}
