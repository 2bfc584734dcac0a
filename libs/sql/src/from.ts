import type { Relation } from "./catalog.ts";
import { operate } from "./calls.ts";
import { condition } from "./conditions.ts";
import type { Context } from "./context.ts";
import { jsonTable, xmlTable } from "./from-documents.ts";
import { rangeFunction } from "./from-functions.ts";
import { missingSchema, nameOf } from "./names.ts";
import { Opaque, Unresolved } from "./outcome.ts";
import { openRelation, relationEntry } from "./relations.ts";
import { Scope, type RangeEntry, type ScopeColumn, type Visible } from "./scope.ts";
import { query } from "./select.ts";
import { evaluateAll } from "./expressions.ts";
import { unify } from "./unify.ts";
import {
  known,
  knownFields,
  list,
  location,
  node,
  record,
  strings,
  text,
  type Fields,
} from "./tree.ts";
import { computed, type Value } from "./value.ts";

/** Puts the items of a FROM list into the scope, left to right. */
export function fromClause(items: unknown, scope: Scope, context: Context): void {
  const seen = new Set<string>();
  refuseDoubles(scope.visible.named, seen);
  for (const item of list(items)) {
    const visible = fromItem(item, scope, context);
    scope.add(visible);
    refuseDoubles(visible.named, seen);
  }
}

/** Of these entries and those that were seen before. */
function refuseDoubles(entries: readonly RangeEntry[], seen: Set<string>): void {
  for (const { name, schema } of entries) {
    if (name === "") continue;
    const key = `${schema ?? ""}\0${name}`;
    if (seen.has(key)) {
      throw new Unresolved("42712", `table name "${name}" specified more than once`, -1);
    }
    seen.add(key);
  }
}

/** Sees the outer levels, but not its neighbours in FROM, unless lateral. */
const inner = (scope: Scope, lateral: boolean): Scope =>
  lateral ? new Scope(scope, scope.commonTables) : new Scope(scope.outer, scope.commonTables);

function fromItem(item: unknown, scope: Scope, context: Context): Visible {
  return context.within(() => {
    const { kind, fields } = node(item);
    switch (kind) {
      case "RangeVar":
        return single(rangeVar(fields, scope, context));
      case "RangeSubselect": {
        known(fields, kind, knownFields("lateral", "subquery", "alias"));
        const around = inner(scope, fields["lateral"] === true);
        const columns = query(fields["subquery"], around, context);
        const { name, names } = aliasOf(fields["alias"]);
        return single({ name, schema: null, columns: rename(columns, names), relation: null });
      }
      case "RangeFunction":
        return single(rangeFunction(fields, scope, context));
      case "RangeTableSample":
        return single(tableSample(fields, scope, context));
      case "RangeTableFunc":
        return single(xmlTable(fields, scope, context));
      case "JsonTable":
        return single(jsonTable(fields, scope, context));
      case "JoinExpr":
        return join(fields, scope, context);
      default:
        throw new Opaque(`FROM with a ${kind}`);
    }
  });
}

const single = (entry: RangeEntry): Visible => ({ named: [entry], columns: [entry] });

const rangeVarFields = knownFields(
  "catalogname",
  "schemaname",
  "relname",
  "inh",
  "relpersistence",
  "alias",
);

/** The relation that a RangeVar names; a CTE's name is not looked at. */
export function namedRelation(fields: Fields, context: Context): Relation {
  known(fields, "RangeVar", rangeVarFields);
  if (fields["catalogname"] !== undefined) throw new Opaque("a name that names its database");
  const schema = typeof fields["schemaname"] === "string" ? [fields["schemaname"]] : [];
  return context.names.relation(nameOf([...schema, text(fields["relname"])]), location(fields));
}

/** The same for a command that is no query: when there is none, PostgreSQL does not say where in the text. */
export function commandRelation(fields: Fields, context: Context): Relation {
  const schema = text(fields["schemaname"]) || null;
  const missing = missingSchema(context.catalog, schema, -1);
  if (missing && fields["catalogname"] === undefined) throw missing;
  return namedRelation({ ...fields, location: -1 }, context);
}

/** Of an ALTER that may say IF EXISTS: it is a notice then, unless there is one after all. */
export function alteredRelation(written: Fields, command: Fields, context: Context): Relation {
  try {
    return commandRelation(written, context);
  } catch (error) {
    if (!(error instanceof Unresolved) || command["missing_ok"] !== true) throw error;
    throw new Opaque("ALTER … IF EXISTS of a relation that is not known");
  }
}

function rangeVar(fields: Fields, scope: Scope, context: Context): RangeEntry {
  known(fields, "RangeVar", rangeVarFields);
  const { name, names } = aliasOf(fields["alias"]);
  const written = text(fields["relname"]);
  const common = fields["schemaname"] === undefined ? scope.commonTables.get(written) : undefined;
  if (common) {
    return { name: name || written, schema: null, columns: rename(common, names), relation: null };
  }
  const relation = namedRelation(fields, context);
  openRelation(relation, fields["inh"] === true, context);
  const entry = relationEntry(relation, fields["inh"] === true, context);
  return {
    ...entry,
    name: name || relation.name,
    schema: name ? null : relation.schema,
    columns: rename(entry.columns, names),
  };
}

function tableSample(fields: Fields, scope: Scope, context: Context): RangeEntry {
  known(fields, "RangeTableSample", knownFields("relation", "method", "args", "repeatable"));
  const written = strings(fields["method"]);
  const method = nameOf(written);
  const functions = context.names.functions(method);
  if (functions.length === 0) {
    // The relation is looked for first.
    rangeVar(record(node(fields["relation"]).fields), scope, context);
    const message = `tablesample method ${written.join(".")} does not exist`;
    throw new Unresolved("42704", message, location(fields));
  }
  if (functions.some((func) => func.schema !== "pg_catalog")) {
    throw new Opaque(`TABLESAMPLE ${method.name}`);
  }
  const repeatable = fields["repeatable"] === undefined ? [] : [fields["repeatable"]];
  const values = evaluateAll([...list(fields["args"]), ...repeatable], scope, context);
  for (const value of values) context.decide(value.columns, "sample");
  return rangeVar(record(node(fields["relation"]).fields), scope, context);
}

/** An alias with its column names. */
export function aliasOf(alias: unknown): { name: string; names: readonly string[] } {
  if (alias === undefined) return { name: "", names: [] };
  const fields = record(alias);
  known(fields, "Alias", knownFields("aliasname", "colnames"));
  return { name: text(fields["aliasname"]), names: strings(fields["colnames"]) };
}

export function rename(
  columns: readonly ScopeColumn[],
  names: readonly string[],
): readonly ScopeColumn[] {
  if (names.length === 0) return columns;
  if (names.length > columns.length) {
    throw new Unresolved("42P10", "too many column aliases specified", -1);
  }
  return columns.map((column, at) => ({ ...column, name: names[at] ?? column.name }));
}

const joinFields = knownFields(
  "jointype",
  "isNatural",
  "larg",
  "rarg",
  "usingClause",
  "join_using_alias",
  "quals",
  "alias",
  "rtindex",
);

const allColumns = (side: Visible): readonly ScopeColumn[] =>
  side.columns.flatMap(({ columns }) => columns);

function join(fields: Fields, scope: Scope, context: Context): Visible {
  known(fields, "JoinExpr", joinFields);
  // Columns add up with each of them.
  context.refuseLong();
  const left = fromItem(fields["larg"], scope, context);
  const beside = new Scope(scope.outer, scope.commonTables);
  beside.add(scope.visible);
  beside.add(left);
  const right = fromItem(fields["rarg"], beside, context);
  const merged = mergedColumns(fields, left, right, context);
  const names = new Set(merged.map(({ name }) => name));
  const columns = [
    ...merged,
    ...allColumns(left).filter(({ name }) => !names.has(name)),
    ...allColumns(right).filter(({ name }) => !names.has(name)),
  ];
  const pair = new Scope(scope.outer, scope.commonTables);
  pair.add(left);
  pair.add(right);
  refuseDoubles(pair.visible.named, new Set());
  condition(fields["quals"], pair, context);
  const alias = aliasOf(fields["alias"]);
  if (alias.name) {
    return single({
      name: alias.name,
      schema: null,
      columns: rename(columns, alias.names),
      relation: null,
    });
  }
  const joined: RangeEntry = { name: "", schema: null, columns, relation: null };
  const using = aliasOf(fields["join_using_alias"]);
  const usingEntry: RangeEntry[] = using.name
    ? [{ name: using.name, schema: null, columns: merged, relation: null }]
    : [];
  return {
    named: [...left.named, ...right.named, ...usingEntry],
    columns: [joined],
  };
}

/** The columns that USING or NATURAL merges; equality decides about both sides. */
function mergedColumns(
  fields: Fields,
  left: Visible,
  right: Visible,
  context: Context,
): readonly ScopeColumn[] {
  const lefts = allColumns(left);
  const rights = allColumns(right);
  const rightNames = new Set(rights.map(({ name }) => name));
  const names =
    fields["isNatural"] === true
      ? lefts.map(({ name }) => name).filter((name) => rightNames.has(name))
      : strings(fields["usingClause"]);
  const [onLeft, onRight] = [byName(lefts), byName(rights)];
  return names.map((name) => {
    context.refuseLong();
    const a = one(onLeft, name, "left");
    const b = one(onRight, name, "right");
    operate(context, ["="], a, b);
    const columns = computed(0, [a, b]).columns;
    context.see(columns);
    context.decide(columns, "comparison");
    return { name, value: merge(text(fields["jointype"]), a, b, context) };
  });
}

type ByName = ReadonlyMap<string, ScopeColumn | "several">;

function byName(columns: readonly ScopeColumn[]): ByName {
  const found = new Map<string, ScopeColumn | "several">();
  for (const column of columns) found.set(column.name, found.has(column.name) ? "several" : column);
  return found;
}

function one(columns: ByName, name: string, side: string): Value {
  const found = columns.get(name);
  if (found === "several") {
    const message = `common column name "${name}" appears more than once in ${side} table`;
    throw new Unresolved("42702", message, -1);
  }
  const value = found?.value;
  if (value) return value;
  const message = `column "${name}" specified in USING clause does not exist in ${side} table`;
  throw new Unresolved("42703", message, -1);
}

function merge(jointype: string, left: Value, right: Value, context: Context): Value {
  const type = unify(context, [left, right]);
  if (left.type === right.type) {
    if (jointype === "JOIN_INNER" || jointype === "JOIN_LEFT") return left;
    if (jointype === "JOIN_RIGHT") return right;
  }
  return computed(type, [left, right]);
}
