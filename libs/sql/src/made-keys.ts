import type { ForeignKey, Relation } from "./catalog.ts";
import type { Context } from "./context.ts";
import { commandRelation } from "./from.ts";
import { Opaque } from "./outcome.ts";
import { record, strings, text, type Fields } from "./tree.ts";

const actions: ReadonlySet<string> = new Set(["a", "r", "c", "n", "d"]);

/**
 * A foreign key that a text gives to `from`, and the table that it refers to as it is then.
 * @throws {Opaque} where its columns are not known
 */
export function foreignKeyOf(
  key: Fields,
  referencing: readonly number[],
  from: number,
  context: Context,
): { readonly key: ForeignKey; readonly target: Relation } {
  const target = commandRelation(record(key["pktable"]), context);
  const named = strings(key["pk_attrs"]).map(
    (name) => target.columns.find((one) => one.name === name)?.attnum ?? 0,
  );
  const candidates = target.unique.filter((columns) => columns.length === referencing.length);
  const referenced = named.length > 0 ? named : candidates.length === 1 ? candidates[0] : undefined;
  const [onDelete, onUpdate] = [text(key["fk_del_action"]), text(key["fk_upd_action"])];
  if (!referenced || target.kind !== "r" || !actions.has(onDelete) || !actions.has(onUpdate))
    throw new Opaque("a foreign key whose columns are not known");
  const incoming = { from, onDelete, onUpdate, referencing, referenced };
  return {
    key: { to: target.oid, referencing, referenced },
    target: { ...target, referencedBy: [...target.referencedBy, incoming] },
  };
}
