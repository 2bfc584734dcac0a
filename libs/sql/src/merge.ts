import { commonTables } from "./common-tables.ts";
import { condition } from "./conditions.ts";
import type { Context } from "./context.ts";
import { attnumsOf, change, reachDefaults, revealInserted } from "./effects.ts";
import { evaluate } from "./expressions.ts";
import { aliasOf, fromClause, namedRelation } from "./from.ts";
import { Opaque } from "./outcome.ts";
import { openRelation } from "./relations.ts";
import { Scope, type ScopeColumn } from "./scope.ts";
import { known, knownFields, list, only, record, text, type Fields } from "./tree.ts";
import { Stored } from "./stored.ts";
import { assign, insertColumns, isDefault, store, targetEntry } from "./assignments.ts";
import { afterwards, returning } from "./returning.ts";
import type { Relation } from "./catalog.ts";

const mergeFields = knownFields(
  "relation",
  "sourceRelation",
  "joinCondition",
  "mergeWhenClauses",
  "returningList",
  "returningClause",
  "withClause",
);

/** MERGE reads its target, and can do what its WHEN clauses say. */
export function mergeStatement(
  fields: Fields,
  outer: Scope | null,
  context: Context,
): readonly ScopeColumn[] | null {
  known(fields, "MergeStmt", mergeFields);
  const tables = commonTables(fields["withClause"], outer, context);
  const written = record(fields["relation"]);
  const relation = namedRelation(written, context);
  const children = written["inh"] === true;
  openRelation(relation, children, context);
  const sourceScope = new Scope(outer, tables);
  fromClause([fields["sourceRelation"]], sourceScope, context);
  const entry = targetEntry(relation, children, aliasOf(written["alias"]).name, context);
  const both = new Scope(outer, tables);
  both.add({ named: [entry], columns: [entry] });
  both.add(sourceScope.visible);
  condition(fields["joinCondition"], both, context);
  const alone = new Scope(outer, tables);
  alone.add({ named: [entry], columns: [entry] });
  const scopes = { source: sourceScope, both, alone };
  const target: Target = { relation, children, ...scopes, stored: new Stored() };
  for (const item of list(fields["mergeWhenClauses"])) {
    when(only(item, "MergeWhenClause"), target, context);
  }
  // RETURNING sees the source too; `*` gives the source's columns first.
  const returned = new Scope(outer, tables);
  returned.add({
    named: [entry, ...sourceScope.visible.named],
    columns: [...sourceScope.visible.columns, entry],
  });
  return returning(fields, afterwards(returned, relation, target.stored), context);
}

const whenFields = knownFields(
  "matched",
  "matchKind",
  "commandType",
  "override",
  "condition",
  "targetList",
  "values",
);

interface Target {
  readonly relation: Relation;
  readonly children: boolean;
  /** What WHEN NOT MATCHED BY TARGET, WHEN MATCHED and WHEN NOT MATCHED BY SOURCE see. */
  readonly source: Scope;
  readonly both: Scope;
  readonly alone: Scope;
  readonly stored: Stored;
}

function when(fields: Fields, target: Target, context: Context): void {
  const { relation, children, stored } = target;
  known(fields, "MergeWhenClause", whenFields);
  const scope = seenBy(fields, target);
  if (fields["condition"] !== undefined) {
    context.decide(evaluate(fields["condition"], scope, context).columns, "merge");
  }
  switch (text(fields["commandType"])) {
    case "CMD_UPDATE":
      assign(fields["targetList"], relation, scope, stored, { where: true, children }, context);
      return;
    case "CMD_DELETE":
      change("delete", relation, { children, where: true, columns: [] }, context);
      return;
    case "CMD_INSERT":
      insertClause(fields, target, context);
      return;
    case "CMD_NOTHING":
      return;
    default:
      throw new Opaque("a MERGE action");
  }
}

function seenBy(fields: Fields, { source, both, alone }: Target): Scope {
  // Before 17 there are only the first two, as `matched` or not.
  switch (fields["matchKind"] ?? (fields["matched"] === true ? "MERGE_WHEN_MATCHED" : undefined)) {
    case "MERGE_WHEN_MATCHED":
      return both;
    case "MERGE_WHEN_NOT_MATCHED_BY_SOURCE":
      return alone;
    default:
      return source;
  }
}

function insertClause(fields: Fields, target: Target, context: Context): void {
  const { relation, source, stored } = target;
  const columns = insertColumns(relation, fields["targetList"]);
  const values = list(fields["values"]);
  const given = columns.filter((_, at) => values[at] !== undefined && !isDefault(values[at]));
  for (const [at, value] of values.entries()) {
    const column = columns[at];
    if (!column) throw new Opaque("a MERGE with more values than columns");
    if (!isDefault(value)) store(evaluate(value, source, context), column, stored, context);
  }
  const left = relation.columns.filter((column) => !given.includes(column));
  reachDefaults(relation, attnumsOf(left), context);
  change("insert", relation, { children: true, where: false, columns: [] }, context);
  revealInserted(relation, given, context);
}
