import type { Told } from "./analyse.ts";
import type { Effects } from "./analysis.ts";
import type { Relation } from "./catalog.ts";
import type { Context } from "./context.ts";
import { evaluate } from "./expressions.ts";
import { commandRelation, namedRelation } from "./from.ts";
import { nameOf, type QualifiedName } from "./names.ts";
import { Opaque } from "./outcome.ts";
import { family, relationEntry } from "./relations.ts";
import { Scope, type ScopeColumn } from "./scope.ts";
import { selectQuery } from "./select.ts";
import { executeStatement } from "./prepared-queries.ts";
import {
  known,
  knownFields,
  list,
  node,
  only,
  record,
  strings,
  text,
  type Fields,
} from "./tree.ts";
import { union } from "./value.ts";
import { reachInput } from "./type-inputs.ts";
import { namedType, serialType } from "./types.ts";

export const defined: Effects = { ddl: true, names: false };
export const definedNames: Effects = { ddl: true, names: true };

/** The place of a new relation; a temporary one is named `pg_temp.…`. */
function newRelation(
  value: unknown,
  context: Context,
): QualifiedName & { readonly temporary: boolean } {
  const fields = record(value);
  const temporary =
    fields["relpersistence"] === "t" || text(fields["schemaname"]).startsWith("pg_temp");
  const schema = temporary
    ? "pg_temp"
    : text(fields["schemaname"]) || context.names.creationSchema();
  return { schema, name: text(fields["relname"]), temporary };
}

export function createRelation(value: unknown, context: Context): Effects {
  const { schema, name, temporary } = newRelation(value, context);
  const table = context.asked.resources.namedTable(schema ?? "", name);
  context.asked.act("create", table);
  return temporary ? definedNames : defined;
}

export function alter(relation: Relation, context: Context, children = true): void {
  for (const one of family(relation, children, context)) {
    context.asked.act("alter", context.asked.resources.table(one));
    context.touch(context.classification.ofRelation(one, true));
  }
}

/** CREATE TABLE, foreign tables included: what it refers to is read or altered. */
export function createTable(fields: Fields, context: Context): Told {
  const effects = createRelation(fields["relation"], context);
  for (const parent of list(fields["inhRelations"])) {
    alter(commandRelation(only(parent, "RangeVar"), context), context, false);
  }
  if (fields["partbound"] !== undefined) partitionBound(fields["partbound"], context);
  let opaque: string | undefined;
  const elements = [...list(fields["tableElts"]), ...list(fields["constraints"])];
  for (const element of elements) {
    const { kind, fields: inner } = node(element);
    const constraints =
      kind === "Constraint" ? [element] : kind === "ColumnDef" ? list(inner["constraints"]) : [];
    for (const constraint of constraints) newConstraint(only(constraint, "Constraint"), context);
    if (kind === "ColumnDef" && constraints.length > 0 && serialType(inner["typeName"]) === null)
      // A default or condition that is a literal is read at once.
      reachInput(context, namedType(inner["typeName"], context).type.oid);
    if (kind === "TableLikeClause") {
      context.asked.readTable(namedRelation(record(inner["relation"]), context));
    }
    if (kind !== "Constraint" && kind !== "ColumnDef" && kind !== "TableLikeClause") {
      opaque = `a table with a ${kind}`;
    }
  }
  return { columns: null, effects, ...(opaque === undefined ? {} : { opaque }) };
}

/** The values of FOR VALUES are computed by the DDL, and pg_class shows them; MINVALUE and MAXVALUE look like columns. */
export function partitionBound(value: unknown, context: Context): void {
  const bound = record(value);
  for (const key of ["listdatums", "lowerdatums", "upperdatums"]) {
    for (const datum of list(bound[key])) {
      if (node(datum).kind === "ColumnRef") continue;
      context.keep(evaluate(datum, new Scope(null, new Map()), context).columns, "store");
    }
  }
}

function newConstraint(constraint: Fields, context: Context): void {
  foreignKey(constraint, context);
  if (constraint["contype"] === "CONSTR_DEFAULT") {
    evaluate(constraint["raw_expr"], new Scope(null, new Map()), context);
  }
}

/** A foreign key lets its owner try whether a value is there. */
export function foreignKey(constraint: Fields, context: Context): void {
  if (constraint["contype"] !== "CONSTR_FOREIGN") return;
  const written = record(constraint["pktable"]);
  const relation = context.names.findRelation(
    nameOf([
      ...(written["schemaname"] ? [text(written["schemaname"])] : []),
      text(written["relname"]),
    ]),
  );
  if (!relation) return;
  context.asked.readTable(relation);
  alter(relation, context, false);
  const named = strings(constraint["pk_attrs"]);
  for (const column of relation.columns) {
    const referenced =
      named.length > 0
        ? named.includes(column.name)
        : relation.unique.some((columns) => columns.includes(column.attnum));
    if (referenced)
      context.decide(context.classification.of(relation, column.name, true), "reference");
  }
}

/** What EXECUTE runs, where a query is stored. */
function executed(fields: Fields, context: Context): readonly ScopeColumn[] {
  const told = executeStatement(fields, context, (kind, query, within = context) => {
    if (kind !== "SelectStmt") throw new Opaque(`a ${kind} that is stored`);
    return { columns: selectQuery(query, null, within) };
  });
  return told.columns ?? [];
}

/** A query whose rows are stored, or which is itself stored: its columns are used for writing. */
function storeQuery(query: unknown, context: Context): void {
  const { kind, fields } = node(query);
  if (kind !== "SelectStmt" && kind !== "ExecuteStmt") throw new Opaque(`a ${kind} that is stored`);
  const columns =
    kind === "ExecuteStmt" ? executed(fields, context) : selectQuery(fields, null, context);
  context.keep(union(...columns.map(({ value }) => value.columns)), "query");
}

/** CREATE TABLE … AS and CREATE MATERIALIZED VIEW. */
export function createTableAs(fields: Fields, context: Context): Told {
  known(
    fields,
    "CreateTableAsStmt",
    knownFields("query", "into", "objtype", "is_select_into", "if_not_exists"),
  );
  storeQuery(fields["query"], context);
  const effects = createRelation(record(fields["into"])["rel"], context);
  return { columns: null, effects };
}

/** SELECT … INTO. */
export function selectInto(fields: Fields, context: Context): Told {
  const { intoClause, ...select } = fields;
  context.reach(context.catalog.eventTriggers, "event");
  storeQuery({ SelectStmt: select }, context);
  return { columns: null, effects: createRelation(record(intoClause)["rel"], context) };
}

export function createView(fields: Fields, context: Context): Told {
  known(
    fields,
    "ViewStmt",
    knownFields("view", "aliases", "query", "replace", "options", "withCheckOption"),
  );
  storeQuery(fields["query"], context);
  const effects = createRelation(fields["view"], context);
  if (fields["replace"] === true) {
    const { schema, name } = newRelation(fields["view"], context);
    context.asked.act("alter", context.asked.resources.namedTable(schema ?? "", name));
  }
  return { columns: null, effects };
}

/** CREATE INDEX computes its expressions over every row. */
export function createIndex(fields: Fields, context: Context): Told {
  const relation = commandRelation(record(fields["relation"]), context);
  alter(relation, context);
  const entry = relationEntry(relation, true, context);
  const scope = new Scope(null, new Map());
  scope.add({ named: [entry], columns: [entry] });
  for (const item of [...list(fields["indexParams"]), ...list(fields["indexIncludingParams"])]) {
    const element = only(item, "IndexElem");
    if (list(element["opclass"]).length > 0) throw new Opaque("an index with an operator class");
    if (element["expr"] !== undefined)
      context.decide(evaluate(element["expr"], scope, context).columns, "index");
    // It keeps the rows in its order: who reads along it reads them sorted.
    else context.decide(context.classification.of(relation, text(element["name"]), true), "index");
  }
  if (fields["whereClause"] !== undefined) {
    context.decide(evaluate(fields["whereClause"], scope, context).columns, "index");
  }
  return { columns: null, effects: defined };
}
