import type { Context } from "./context.ts";
import { Opaque } from "./outcome.ts";
import { family } from "./relations.ts";
import type { Scope } from "./scope.ts";
import { isView } from "./views.ts";
import { known, knownFields, list, only, text } from "./tree.ts";

/**
 * FOR UPDATE and its kin lock the rows of the tables named (or all of this level's): the target wants
 * the right to update for that, and so do we.
 */
export function lockRows(clauses: unknown, scope: Scope, context: Context): void {
  for (const item of list(clauses)) {
    const clause = only(item, "LockingClause");
    known(clause, "LockingClause", knownFields("lockedRels", "strength", "waitPolicy"));
    const names = list(clause["lockedRels"]).map((rel) => text(only(rel, "RangeVar")["relname"]));
    const entries = scope.visible.named.filter(
      ({ name }) => names.length === 0 || names.includes(name),
    );
    if (entries.some(({ relation }) => !relation)) throw new Opaque("row locks through a subquery");
    for (const { relation } of entries) {
      if (!relation) continue;
      if (isView(relation)) throw new Opaque("row locks through a view");
      for (const one of family(relation, true, context)) context.asked.change("update", one, true);
    }
  }
}
