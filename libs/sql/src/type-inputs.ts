import { firstUserOid, type Column } from "./catalog.ts";
import type { Context } from "./context.ts";
import { Opaque } from "./outcome.ts";

/** What a column's default calls: one without a default of its own has its domain's. */
export function reachDefault(column: Pick<Column, "default" | "typeOid">, context: Context): void {
  if (column.default !== null) return context.reachExpression(column.default, "stored");
  const type = context.catalog.types.get(column.typeOid);
  if (type?.kind !== "d") return;
  context.reach(type.defaults, "stored");
  for (const { kind, text } of type.expressions)
    if (kind === "default") context.reachExpression(text, "stored");
}

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
    for (const { kind, text } of type.expressions)
      if (kind !== "default") context.reachExpression(text, "input");
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
