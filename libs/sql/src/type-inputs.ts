import { firstUserOid } from "./catalog.ts";
import type { Context } from "./context.ts";
import { Opaque } from "./outcome.ts";

/**
 * Asks what reading a value of that type runs: constraints of domains, also of those that are inside arrays and rows.
 * @throws {Opaque} for ranges that people made: what is in them is not known.
 */
export function reachInput(context: Context, oid: number): void {
  const seen = new Set<number>();
  const waiting = [oid];
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    if (next < firstUserOid || seen.has(next)) continue;
    seen.add(next);
    const type = context.catalog.types.get(next);
    if (!type) throw new Opaque("a value of a type that the catalog does not have");
    context.reach(type.reaches, "input");
    for (const { text } of type.expressions) context.reachExpression(text, "input");
    if (type.kind === "d") waiting.push(type.base);
    else if (type.element !== 0) waiting.push(type.element);
    else if (type.kind === "c") {
      const fields = context.catalog.relations.get(type.relation)?.columns;
      if (!fields) throw new Opaque("a row of unknown fields");
      waiting.push(...fields.map(({ typeOid }) => typeOid));
    } else if (type.kind === "r" || type.kind === "m") {
      throw new Opaque("a value of a user-made range type");
    }
  }
}
