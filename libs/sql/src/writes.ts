import { assign, targetEntry } from "./assignments.ts";
import type { Relation } from "./catalog.ts";
import { commonTables } from "./common-tables.ts";
import { condition } from "./conditions.ts";
import type { Context } from "./context.ts";
import { change } from "./effects.ts";
import { aliasOf, fromClause, namedRelation } from "./from.ts";
import { insert } from "./insert.ts";
import { mergeStatement } from "./merge.ts";
import { Opaque } from "./outcome.ts";
import { afterwards, returning } from "./returning.ts";
import { Scope, type ScopeColumn } from "./scope.ts";
import { Stored } from "./stored.ts";
import { known, knownFields, record, type Fields } from "./tree.ts";

/** INSERT, UPDATE, DELETE or MERGE; the columns that it returns, or null when it returns none. */
export function writeStatement(
  kind: string,
  fields: Fields,
  outer: Scope | null,
  context: Context,
): readonly ScopeColumn[] | null {
  return context.within(() => {
    switch (kind) {
      case "InsertStmt":
        return insert(fields, outer, context);
      case "UpdateStmt":
        return update(fields, outer, context);
      case "DeleteStmt":
        return remove(fields, outer, context);
      case "MergeStmt":
        return mergeStatement(fields, outer, context);
      default:
        throw new Opaque(`WITH a ${kind}`);
    }
  });
}

const updateFields = knownFields(
  "relation",
  "targetList",
  "whereClause",
  "fromClause",
  "returningList",
  "returningClause",
  "withClause",
);

function update(
  fields: Fields,
  outer: Scope | null,
  context: Context,
): readonly ScopeColumn[] | null {
  known(fields, "UpdateStmt", updateFields);
  const { relation, scope, children } = targetScope(fields, outer, context);
  fromClause(fields["fromClause"], scope, context);
  condition(fields["whereClause"], scope, context);
  const where = fields["whereClause"] !== undefined;
  const stored = new Stored();
  assign(fields["targetList"], relation, scope, stored, { where, children }, context);
  return returning(fields, afterwards(scope, relation, stored), context);
}

const deleteFields = knownFields(
  "relation",
  "usingClause",
  "whereClause",
  "returningList",
  "returningClause",
  "withClause",
);

function remove(
  fields: Fields,
  outer: Scope | null,
  context: Context,
): readonly ScopeColumn[] | null {
  known(fields, "DeleteStmt", deleteFields);
  const { relation, scope, children } = targetScope(fields, outer, context);
  fromClause(fields["usingClause"], scope, context);
  condition(fields["whereClause"], scope, context);
  const where = fields["whereClause"] !== undefined;
  change("delete", relation, { children, where, columns: [] }, context);
  return returning(fields, scope, context);
}

/** The target of an UPDATE or DELETE is visible to its FROM only by LATERAL, as to its conditions. */
function targetScope(
  fields: Fields,
  outer: Scope | null,
  context: Context,
): { relation: Relation; scope: Scope; children: boolean } {
  const tables = commonTables(fields["withClause"], outer, context);
  const target = record(fields["relation"]);
  const relation = namedRelation(target, context);
  const children = target["inh"] === true;
  const entry = targetEntry(relation, children, aliasOf(target["alias"]).name, context);
  const scope = new Scope(outer, tables);
  scope.add({ named: [entry], columns: [entry] });
  return { relation, scope, children };
}
