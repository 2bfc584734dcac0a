import type { Column, IncomingForeignKey, Relation, Trigger } from "./catalog.ts";
import { firstUserOid } from "./catalog.ts";
import type { Context } from "./context.ts";
import { refuseUnread } from "./names.ts";
import { Opaque } from "./outcome.ts";
import { family, openRelation } from "./relations.ts";
import { baseColumns, viewBase } from "./view-writes.ts";
import { isView } from "./views.ts";
import { reachDefault, reachInput } from "./type-inputs.ts";
import { applies } from "./rules.ts";
import { columnsIn, policyColumns } from "./stored-expressions.ts";
import { union } from "./value.ts";

export type Change = "insert" | "update" | "delete" | "truncate";

const fires: Readonly<Record<Change, (trigger: Trigger) => boolean>> = {
  insert: (trigger) => trigger.onInsert,
  update: (trigger) => trigger.onUpdate,
  delete: (trigger) => trigger.onDelete,
  truncate: (trigger) => trigger.onTruncate,
};

/**
 * Asks a change of a table and of everything that it causes, as far as the catalog tells: partitions and
 * children, triggers, constraints, index expressions, policies, cascades of foreign keys. `columns`: the
 * attnums that an update sets.
 */
export function change(
  action: Change,
  relation: Relation,
  options: {
    readonly children: boolean;
    readonly where: boolean;
    readonly columns: readonly number[];
  },
  context: Context,
): void {
  if (isView(relation) && applies("view change"))
    return changeView(action, relation, options, context);
  // An inheritance parent takes inserted rows itself; a partitioned table hands them down.
  const children =
    options.children && (action !== "insert" || relation.kind === "p") && applies("partitions");
  for (const one of family(relation, children, context)) {
    const columns = sameColumns(relation, options.columns, one);
    changeOne(action, one, { ...options, columns }, context, new Set());
  }
}

/** Children and partitions may number the columns of their parent otherwise. */
function sameColumns(of: Relation, attnums: readonly number[], child: Relation): readonly number[] {
  if (child === of) return attnums;
  const names = of.columns.flatMap(({ attnum, name }) => (attnums.includes(attnum) ? [name] : []));
  return attnumsOf(child.columns.filter(({ name }) => names.includes(name)));
}

/** A view that PostgreSQL updates by itself: its rows are found by its query, and those of its table change. */
function changeView(
  action: Change,
  view: Relation,
  options: { readonly where: boolean; readonly columns: readonly number[] },
  context: Context,
): void {
  const base = viewBase(view, context);
  if (action === "update" || action === "delete") context.asked.change(action, view, options.where);
  else context.asked.act(action, context.asked.resources.table(view));
  context.touch(context.classification.ofRelation(view, true));
  // Its condition chooses the rows, or checks the new ones.
  if (action !== "insert" || base.checks) openRelation(view, true, context);
  const columns = action === "update" ? baseColumns(base, options.columns) : [];
  const { relation, children } = base;
  change(action, relation, { children, where: options.where, columns }, context);
}

function changeOne(
  action: Change,
  relation: Relation,
  options: { readonly where: boolean; readonly columns: readonly number[] },
  context: Context,
  seen: Set<string>,
): void {
  const key = `${action} ${relation.oid}`;
  if (seen.has(key)) return;
  seen.add(key);
  if (relation.kind !== "r" && relation.kind !== "p") {
    throw new Opaque(`${relation.schema}.${relation.name} is not an ordinary table`);
  }
  if (relation.rules) throw new Opaque(`${relation.schema}.${relation.name} has rules`);
  if (relation.oid < firstUserOid) throw new Opaque("a change of a system catalog");
  const table = context.asked.resources.table(relation);
  if (action === "update" || action === "delete") {
    context.asked.change(action, relation, options.where);
  } else context.asked.act(action, table);
  context.touch(context.classification.ofRelation(relation, true));
  // An update of a partition key deletes from one partition and inserts into another.
  const partitioned =
    relation.kind === "p" ||
    relation.parents.some((parent) => context.catalog.relations.get(parent)?.kind === "p");
  for (const trigger of relation.triggers) {
    const moved = action === "update" && partitioned && (trigger.onInsert || trigger.onDelete);
    if (fires[action](trigger) || moved) context.reach([trigger.functionOid], "trigger");
  }
  if (action === "insert" || action === "update") context.reachRelation(relation);
  else if (relation.rowSecurity && action === "delete") context.reachRelation(relation);
  if (action === "update") recomputed(relation, context);
  if (action !== "truncate") compared(action, relation, options.columns, context);
  cascade(action, relation, options.columns, context, seen);
}

/** Generated columns are computed again by every update. */
function recomputed(relation: Relation, context: Context): void {
  for (const column of relation.columns) {
    if (column.generated !== "" && column.default)
      context.reachExpression(column.default, "stored");
  }
}

/** What rows that refer to a deleted or changed row undergo. */
function cascade(
  action: Change,
  relation: Relation,
  columns: readonly number[],
  context: Context,
  seen: Set<string>,
): void {
  if ((action !== "delete" && action !== "update") || !applies("cascade")) return;
  for (const key of relation.referencedBy) {
    const rule = action === "delete" ? key.onDelete : key.onUpdate;
    revealReferences(key, context);
    if (rule !== "c" && rule !== "n" && rule !== "d") continue;
    if (action === "update" && !key.referenced.some((column) => columns.includes(column))) continue;
    const from = context.catalog.relations.get(key.from);
    if (!from) throw new Opaque("a foreign key of an unknown table");
    const caused: Change = action === "delete" && rule === "c" ? "delete" : "update";
    refuseUnread(from);
    if (rule === "d") reachDefaults(from, key.referencing, context);
    for (const one of family(from, true, context)) {
      const changed = sameColumns(from, key.referencing, one);
      changeOne(caused, one, { where: true, columns: changed }, context, seen);
    }
  }
}

/** That rows refer to it keeps a row from being deleted or changed, and so shows. */
function revealReferences(key: IncomingForeignKey, context: Context): void {
  const from = context.catalog.relations.get(key.from);
  for (const column of from?.columns ?? [])
    if (from && key.referencing.includes(column.attnum))
      context.lookUp(context.classification.of(from, column.name, true), "reference");
}

/** Defaults of the columns that an INSERT leaves out, or sets to DEFAULT; a view's, then its table's. */
export function reachDefaults(
  relation: Relation,
  attnums: readonly number[],
  context: Context,
): void {
  if (isView(relation)) {
    const base = viewBase(relation, context);
    const given = [...base.columns].filter(([own]) => !attnums.includes(own)).map(([, of]) => of);
    const left = base.relation.columns.filter(({ attnum }) => !given.includes(attnum));
    reachDefaults(base.relation, attnumsOf(left), context);
  }
  for (const column of relation.columns) {
    if (!attnums.includes(column.attnum)) continue;
    reachDefault(column, context);
    reachInput(context, column.typeOid);
  }
}

/**
 * What new rows are compared with: other rows by unique indexes, rows of other tables by foreign keys, what stays in
 * the row by CHECK. `set`: the attnums that an update sets.
 */
function compared(
  action: Change,
  relation: Relation,
  set: readonly number[],
  context: Context,
): void {
  if (relation.rowSecurity) context.decide(policyColumns(relation, context), "policy");
  if (action !== "update") return;
  revealKeys(relation, set, context);
  excludes(relation, set, context);
  const own = relation.columns.map(({ name }) => context.classification.of(relation, name, true));
  for (const columns of relation.unique) {
    if (!columns.some((attnum) => set.includes(attnum))) continue;
    context.decide(columnsLeft(relation, columns, set, own), "unique");
  }
  for (const expression of relation.expressions) {
    if (expression.kind === "not valid")
      context.decide(
        columnsLeft(relation, columnsIn(relation, expression.text, context), [], own),
        "not valid",
      );
    if (expression.kind !== "check") continue;
    const columns = columnsIn(relation, expression.text, context);
    if (columns.some((attnum) => set.includes(attnum)))
      context.decide(columnsLeft(relation, columns, set, own), "constraint");
  }
}

/** That a row is kept out tells of others more than that a value is there. `set`: what is given, or comes by default. */
function excludes(relation: Relation, set: readonly number[], context: Context): void {
  for (const { columns, compared: shown } of relation.excluding) {
    if (!columns.some((attnum) => set.includes(attnum))) continue;
    for (const { attnum, name } of relation.columns)
      if (shown.includes(attnum))
        context.decide(context.classification.of(relation, name, true), "exclusion");
  }
}

const columnsLeft = (
  relation: Relation,
  columns: readonly number[],
  set: readonly number[],
  own: readonly (readonly string[])[],
): readonly string[] =>
  union(
    ...relation.columns.flatMap(({ attnum }, at) =>
      columns.includes(attnum) && !set.includes(attnum) ? [own[at] ?? []] : [],
    ),
  );

/** What an INSERT gives for these columns, of a view the ones of its table. */
export function revealInserted(
  relation: Relation,
  given: readonly Column[],
  context: Context,
): void {
  if (!isView(relation)) {
    for (const one of family(relation, relation.kind === "p", context)) {
      const attnums = sameColumns(relation, attnumsOf(given), one);
      const defaulted = one.columns.filter((column) => column.default !== null);
      excludes(one, [...attnums, ...attnumsOf(defaulted)], context);
      revealKeys(one, attnums, context);
    }
    return;
  }
  const base = viewBase(relation, context);
  const own = new Set(attnumsOf(given));
  const columns = base.relation.columns.filter(({ attnum }) =>
    [...base.columns].some(([from, to]) => own.has(from) && to === attnum),
  );
  revealInserted(base.relation, columns, context);
}

/** A value that is given for a unique column, or for one that refers to another table, is looked for. */
function revealKeys(relation: Relation, given: readonly number[], context: Context): void {
  const { catalog, classification } = context;
  const unique = new Set(relation.unique.flat());
  for (const { attnum, name } of relation.columns)
    if (unique.has(attnum) && given.includes(attnum))
      context.lookUp(classification.of(relation, name, true), "unique");
  for (const { to, referencing, referenced } of relation.references) {
    const target = catalog.relations.get(to);
    if (!target || !referencing.some((attnum) => given.includes(attnum))) continue;
    for (const { attnum, name } of target.columns)
      if (referenced.includes(attnum))
        context.lookUp(classification.of(target, name, true), "reference");
  }
}

export const attnumsOf = (columns: readonly Column[]): number[] =>
  columns.map(({ attnum }) => attnum);
