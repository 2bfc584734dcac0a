import { executed } from "./calls.ts";
import { settled } from "./casts.ts";
import type { Relation } from "./catalog.ts";
import type { Context } from "./context.ts";
import { Scope, type RangeEntry, type ScopeColumn } from "./scope.ts";
import { targets } from "./select.ts";
import { withStored, type Stored } from "./stored.ts";
import { known, knownFields, list, only, record, text, type Fields } from "./tree.ts";

/** The same scope once the target's rows hold what was stored. */
export function afterwards(scope: Scope, relation: Relation, stored: Stored): Scope {
  const replace = (entry: RangeEntry): RangeEntry =>
    entry.relation === relation ? withStored(entry, relation, stored) : entry;
  const after = new Scope(scope.outer, scope.commonTables);
  after.add({
    named: scope.visible.named.map(replace),
    columns: scope.visible.columns.map(replace),
  });
  return after;
}

/** RETURNING; null when there is none. 18 adds OLD and NEW, which show the target's own columns. */
export function returning(
  fields: Fields,
  scope: Scope,
  context: Context,
): readonly ScopeColumn[] | null {
  const clause = fields["returningClause"] === undefined ? null : record(fields["returningClause"]);
  if (clause) known(clause, "ReturningClause", knownFields("options", "exprs"));
  const items = clause ? clause["exprs"] : fields["returningList"];
  if (items === undefined) return null;
  const columns = targets(items, returningScope(clause, scope), context).map(
    ({ name, value }): ScopeColumn => ({ name, value: settled(value) }),
  );
  return context.executes
    ? columns.map((column) => ({ ...column, value: executed(context, column.value) }))
    : columns;
}

function returningScope(clause: Fields | null, scope: Scope): Scope {
  const [target] = scope.visible.named;
  if (!clause || !target) return scope;
  const names = new Map([
    ["RETURNING_OPTION_OLD", "old"],
    ["RETURNING_OPTION_NEW", "new"],
  ]);
  for (const item of list(clause["options"])) {
    const option = only(item, "ReturningOption");
    names.set(text(option["option"]), text(option["value"]));
  }
  const extended = new Scope(scope.outer, scope.commonTables);
  extended.add(scope.visible);
  const taken = new Set(scope.visible.named.map(({ name }) => name));
  for (const name of names.values()) {
    if (taken.has(name)) continue;
    extended.add({ named: [{ ...target, name, schema: null }], columns: [] });
  }
  return extended;
}
