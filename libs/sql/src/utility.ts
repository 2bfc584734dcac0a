import type { Action } from "@sallyport/contracts";
import type { Told } from "./analyse.ts";
import type { Context } from "./context.ts";
import { alterTable } from "./alter-table.ts";
import { createFunction } from "./create-function.ts";
import { refuseUnknownLanguage } from "./languages.ts";
import {
  createIndex,
  createRelation,
  createTable,
  createTableAs,
  createView,
  defined,
  definedNames,
} from "./ddl-tables.ts";
import { alterObject, dropStatement, grantStatement, moveObject } from "./ddl-objects.ts";
import { change, type Change } from "./effects.ts";
import { evaluate, evaluateAll } from "./expressions.ts";
import { alteredRelation, commandRelation } from "./from.ts";
import { nameOf } from "./names.ts";
import { Forbidden, Opaque } from "./outcome.ts";
import { family, relationEntry } from "./relations.ts";
import { Scope } from "./scope.ts";
import { askSetting } from "./settings.ts";
import { alterDomain, createDomain, createTrigger, definePolicy } from "./stored-code.ts";
import {
  fieldsIn,
  list,
  location,
  node,
  only,
  record,
  strings,
  text,
  type Fields,
} from "./tree.ts";
import type { Relation } from "./catalog.ts";
import { call } from "./calls.ts";
import { union } from "./value.ts";
import { viewReading } from "./views.ts";

/** Statements that need no names of the target and ask nothing (design §5). */
export const freeStatements: ReadonlyMap<string, { readonly names: boolean }> = new Map([
  ["ListenStmt", { names: false }],
  ["UnlistenStmt", { names: false }],
  ["NotifyStmt", { names: false }],
]);

function truncate(fields: Fields, context: Context): Told {
  const cascade = fields["behavior"] === "DROP_CASCADE";
  const done = new Set<number>();
  const waiting: { relation: Relation; children: boolean }[] = list(fields["relations"]).map(
    (item) => {
      const written = only(item, "RangeVar");
      return { relation: commandRelation(written, context), children: written["inh"] === true };
    },
  );
  const action: Change = "truncate";
  for (let next = waiting.pop(); next; next = waiting.pop()) {
    if (done.has(next.relation.oid)) continue;
    done.add(next.relation.oid);
    change(action, next.relation, { children: next.children, where: false, columns: [] }, context);
    if (!cascade) continue;
    for (const one of family(next.relation, next.children, context)) {
      for (const key of one.referencedBy) {
        const from = context.catalog.relations.get(key.from);
        if (!from) throw new Opaque("a foreign key of an unknown table");
        waiting.push({ relation: from, children: true });
      }
    }
  }
  return { columns: null };
}

/** `computes`: it computes indexes and statistics anew. */
function maintain(relations: readonly unknown[], computes: boolean, context: Context): Told {
  const { asked } = context;
  for (const item of relations) {
    const { kind, fields } = node(item);
    const written = kind === "VacuumRelation" ? record(fields["relation"]) : fields;
    const relation = commandRelation(written, context);
    for (const one of family(relation, true, context)) {
      asked.act("maintain", asked.resources.table(one));
      context.touch(context.classification.ofRelation(one, true));
      if (computes) computed(one, context);
    }
  }
  if (relations.length > 0) return { columns: null };
  asked.act("maintain", asked.resources.connection());
  if (computes)
    for (const relation of context.catalog.relations.values()) computed(relation, context);
  return { columns: null };
}

/** ANALYZE, also by an option of VACUUM, and VACUUM FULL, which builds indexes anew. */
const analyses = (fields: Fields): boolean =>
  fields["is_vacuumcmd"] !== true ||
  list(fields["options"]).some((item) =>
    ["full", "analyze"].includes(text(only(item, "DefElem")["defname"])),
  );

/** What indexes and statistics call, for every row. */
function computed(relation: Relation, context: Context): void {
  context.reach(relation.analysed, "maintenance");
  for (const { kind, text: expression } of relation.expressions)
    if (kind === "statistics") context.reachExpression(expression, "maintenance");
  if (!relation.expressions.some(({ kind }) => kind === "index")) return;
  context.reachRelation(relation, "maintenance");
  for (const column of relation.columns)
    if (column.generated !== "" && column.default)
      context.reachExpression(column.default, "maintenance");
}

/** CLUSTER puts the rows in an index's order, which index it is or not. */
function cluster(fields: Fields, context: Context): Told {
  if (fields["relation"] === undefined) {
    context.decide(context.classification.all, "index");
    return maintain([], true, context);
  }
  const relation = commandRelation(record(fields["relation"]), context);
  for (const one of family(relation, true, context))
    for (const { attnum, name } of one.columns)
      if (one.indexed.includes(attnum))
        context.decide(context.classification.of(one, name, true), "index");
  return maintain([{ RangeVar: fields["relation"] }], true, context);
}

/** CREATE STATISTICS: ANALYZE computes its expressions, and EXPLAIN tells what the planner makes of them. */
function createStatistics(fields: Fields, context: Context): Told {
  context.asked.act("create", context.asked.resources.connection(), "STATISTICS");
  const scope = new Scope(null, new Map());
  for (const item of list(fields["relations"])) {
    const relation = commandRelation(only(item, "RangeVar"), context);
    const entry = relationEntry(relation, true, context);
    scope.add({ named: [entry], columns: [entry] });
  }
  for (const item of list(fields["exprs"])) {
    const element = only(item, "StatsElem");
    const expression = element["expr"] ?? {
      ColumnRef: { fields: [{ String: { sval: text(element["name"]) } }] },
    };
    context.decide(evaluate(expression, scope, context).columns, "index");
  }
  return { columns: null, effects: definedNames };
}

/** What it runs is the text of a language that is not read here. */
function doBlock(fields: Fields, context: Context): Told {
  refuseUnknownLanguage(fields["args"], "block", context);
  throw new Opaque("a DoStmt");
}

/** A procedure is asked as the function that it is; it may end transactions. */
function callProcedure(fields: Fields, context: Context): Told {
  const expression = record(fields["funccall"]);
  const scope = new Scope(null, new Map());
  const given = evaluateAll(expression["args"], scope, context);
  const name = nameOf(strings(expression["funcname"]));
  const called = call(context, name, given, location(expression), "procedure");
  if (called.functions.some((func) => func.out.length > 0)) throw new Opaque("CALL with results");
  return { columns: null, effects: { ddl: true, names: true } };
}

const onConnection =
  (action: Action, detail: string, opaque?: string) =>
  (_fields: Fields, context: Context): Told => {
    context.asked.act(action, context.asked.resources.connection(), detail);
    return { columns: null, effects: definedNames, ...(opaque === undefined ? {} : { opaque }) };
  };

function alterSetting(fields: Fields, context: Context, scope: string): Told {
  const set = record(fields["setstmt"]);
  const name = text(set["name"]);
  // What later sessions begin with: never the parser's settings, and always asked.
  askSetting(name, set["args"] === undefined ? null : "?", context);
  context.asked.act("set", context.asked.resources.connection(), `${scope} ${name}`);
  return { columns: null, effects: { ddl: false, names: false } };
}

function alterNamed(written: unknown, context: Context, opaque: string): Told {
  const relation = commandRelation(record(written), context);
  context.asked.act("alter", context.asked.resources.table(relation));
  return { columns: null, effects: defined, opaque };
}

/** What a materialised view's query reads is stored anew. */
function refresh(fields: Fields, context: Context): Told {
  const relation = commandRelation(record(fields["relation"]), context);
  context.asked.act("alter", context.asked.resources.table(relation));
  if (relation.kind !== "m") throw new Opaque("REFRESH of what is no materialised view");
  const reading = viewReading(relation, context);
  context.include(reading.context);
  context.keep(union(...reading.columns.map(({ columns }) => columns)), "query");
  context.reachRelation(relation);
  return { columns: null, effects: defined };
}

type Handler = (fields: Fields, context: Context) => Told;

const handlers: Readonly<Record<string, Handler>> = {
  TruncateStmt: truncate,
  LockStmt: (fields, context) => maintain(list(fields["relations"]), false, context),
  VacuumStmt: (fields, context) => maintain(list(fields["rels"]), analyses(fields), context),
  ClusterStmt: cluster,
  ReindexStmt: (fields, context) =>
    maintain(
      fields["kind"] === "REINDEX_OBJECT_TABLE" ? [{ RangeVar: fields["relation"] }] : [],
      true,
      context,
    ),
  CheckPointStmt: (_fields, context) => maintain([], false, context),
  LoadStmt: onConnection("program", "LOAD"),
  CallStmt: callProcedure,
  CreateStmt: createTable,
  CreateTableAsStmt: createTableAs,
  ViewStmt: createView,
  IndexStmt: createIndex,
  CreateSeqStmt: (fields, context) => ({
    columns: null,
    effects: createRelation(fields["sequence"], context),
  }),
  CreateForeignTableStmt: (fields, context) => ({
    ...createTable(record(fields["base"]), context),
    opaque: "a foreign table",
  }),
  AlterTableStmt: alterTable,
  AlterSeqStmt: (fields, context) => {
    const relation = alteredRelation(record(fields["sequence"]), fields, context);
    context.asked.act("alter", context.asked.resources.table(relation));
    return { columns: null, effects: defined };
  },
  CreateSchemaStmt: (fields, context) => {
    const name = text(fields["schemaname"]) || text(record(fields["authrole"])["rolename"]);
    context.asked.act("create", context.asked.resources.schema(name));
    const more = list(fields["schemaElts"]).length > 0;
    return {
      columns: null,
      effects: definedNames,
      ...(more ? { opaque: "a schema with contents" } : {}),
    };
  },
  CreateFunctionStmt: createFunction,
  DoStmt: doBlock,
  CreateTrigStmt: createTrigger,
  RuleStmt: (fields, context) => alterNamed(fields["relation"], context, "a rule"),
  CreatePolicyStmt: (fields, context) => definePolicy("CreatePolicyStmt", fields, context),
  AlterPolicyStmt: (fields, context) => definePolicy("AlterPolicyStmt", fields, context),
  RefreshMatViewStmt: refresh,
  DropStmt: dropStatement,
  RenameStmt: (fields, context) => moveObject(text(fields["renameType"]), fields, context),
  AlterObjectSchemaStmt: (fields, context) =>
    moveObject(text(fields["objectType"]), fields, context),
  AlterOwnerStmt: (fields, context) => alterObject(text(fields["objectType"]), fields, context),
  CommentStmt: (fields, context) => alterObject(text(fields["objtype"]), fields, context),
  SecLabelStmt: (fields, context) => alterObject(text(fields["objtype"]), fields, context),
  GrantStmt: grantStatement,
  GrantRoleStmt: onConnection("grant", "role"),
  AlterDefaultPrivilegesStmt: onConnection("grant", "default privileges"),
  CreateRoleStmt: onConnection("grant", "CREATE ROLE"),
  AlterRoleStmt: onConnection("grant", "ALTER ROLE"),
  DropRoleStmt: onConnection("grant", "DROP ROLE"),
  AlterRoleSetStmt: (fields, context) => alterSetting(fields, context, "ALTER ROLE SET"),
  AlterDatabaseSetStmt: (fields, context) => alterSetting(fields, context, "ALTER DATABASE SET"),
  AlterSystemStmt: (fields, context) => alterSetting(fields, context, "ALTER SYSTEM"),
  CreatedbStmt: onConnection("create", "DATABASE"),
  DropdbStmt: onConnection("drop", "DATABASE"),
  AlterDatabaseStmt: onConnection("alter", "DATABASE"),
  CreateEnumStmt: onConnection("create", "TYPE"),
  AlterEnumStmt: onConnection("alter", "TYPE"),
  CompositeTypeStmt: onConnection("create", "TYPE"),
  CreateTableSpaceStmt: onConnection("create", "TABLESPACE"),
  DropTableSpaceStmt: onConnection("drop", "TABLESPACE"),
  CreateStatsStmt: createStatistics,
  AlterStatsStmt: onConnection("alter", "STATISTICS"),
  CreateExtensionStmt: onConnection("create", "EXTENSION", "an extension's script"),
  AlterExtensionStmt: onConnection("alter", "EXTENSION", "an extension's script"),
  CreatePublicationStmt: onConnection("replicate", "CREATE PUBLICATION"),
  AlterPublicationStmt: onConnection("replicate", "ALTER PUBLICATION"),
  CreateSubscriptionStmt: onConnection("replicate", "CREATE SUBSCRIPTION", "a subscription"),
  AlterSubscriptionStmt: onConnection("replicate", "ALTER SUBSCRIPTION", "a subscription"),
  DropSubscriptionStmt: onConnection("replicate", "DROP SUBSCRIPTION"),
  CreateDomainStmt: createDomain,
  AlterDomainStmt: alterDomain,
};

/** A stored expression would set the parser's settings later, unseen. */
function callsSetConfig(tree: unknown): boolean {
  for (const fields of fieldsIn(tree))
    if ("funcname" in fields && strings(fields["funcname"]).at(-1) === "set_config") return true;
  return false;
}

/** DDL fires event triggers. */
const firesEvents =
  /^(Create|Alter|Drop|Rename|View|Index|Comment|SecLabel|Grant|Rule|Composite|Refresh|Reindex)/;

/** Everything that is no query: DDL, maintenance, rights. */
export function utilityStatement(kind: string, fields: Fields, context: Context): Told {
  if (callsSetConfig(fields)) throw new Forbidden("set_config may not be stored or run by DDL");
  const handler = Object.hasOwn(handlers, kind) ? handlers[kind] : undefined;
  if (!handler) throw new Opaque(`a ${kind}`);
  if (firesEvents.test(kind)) context.reach(context.catalog.eventTriggers, "event");
  return handler(fields, context);
}
