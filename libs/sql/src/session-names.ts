import type { Operation } from "@sallyport/contracts";
import type { Told } from "./analyse.ts";
import type { Output } from "./analysis.ts";
import { castTo } from "./casts.ts";
import type { Catalog } from "./catalog.ts";
import type { Classification } from "./classification.ts";
import { Context } from "./context.ts";
import { evaluateAll } from "./expressions.ts";
import { namesOf, type NameContext } from "./names.ts";
import { Asked } from "./operations.ts";
import { Opaque, Unresolved } from "./outcome.ts";
import type { Parsed } from "./parser-instance.ts";
import { Scope } from "./scope.ts";
import { integer, known, knownFields, list, node, only, text, type Fields } from "./tree.ts";
import { namedType } from "./types.ts";
import { unknownType, type Value } from "./value.ts";
import { applies } from "./rules.ts";

/** What PREPARE, or Parse, put under a name; its names are resolved when it is executed, as PostgreSQL does. */
export interface PreparedQuery {
  /** A parse node. */
  readonly query: unknown;
  /** Oids of the parameters' declared types. */
  readonly types: readonly number[];
  /** What names meant when the types of the other parameters were inferred, for good. */
  readonly names: { deref(): object | undefined };
  /** What it asked then: a plan may be of then. Null: not known. */
  readonly asks: string | null;
  /** Bytes that it holds. */
  readonly size: number;
}

/** What DECLARE, or Bind, put under a name. */
export interface Cursor {
  readonly operations: readonly Operation[];
  readonly outputs: readonly Output[];
  readonly touches: readonly string[];
  /** What names and columns meant then: its plan is fixed. */
  readonly names: WeakRef<object>;
  readonly classification: WeakRef<object>;
}

/** What the names of a session's own prepared statements and cursors stand for. A name that is missing is not known. */
export interface SessionNames {
  readonly prepared: ReadonlyMap<string, PreparedQuery>;
  readonly cursors: ReadonlyMap<string, Cursor>;
  /** Of which kind every name is known, so that one that is missing is not there; absent: of none. */
  readonly complete?: { readonly prepared: boolean; readonly cursors: boolean };
}

/** What a statement does to those names once it has run. A null name means all; `doubt`: it may do anything to them. */
export type Naming =
  | { readonly kind: "prepare"; readonly name: string; readonly prepared: PreparedQuery }
  | { readonly kind: "deallocate"; readonly name: string | null }
  | { readonly kind: "declare"; readonly name: string; readonly cursor: Cursor }
  | { readonly kind: "close"; readonly name: string | null }
  | { readonly kind: "doubt" };

export const noNames: SessionNames = { prepared: new Map(), cursors: new Map() };

/** The names after a statement has run. */
export function renamed(names: SessionNames, changes: readonly Naming[]): SessionNames {
  if (changes.length === 0) return names;
  const prepared = new Map(names.prepared);
  const cursors = new Map(names.cursors);
  let complete = names.complete ?? { prepared: false, cursors: false };
  for (const change of changes) {
    switch (change.kind) {
      case "prepare":
        prepared.set(change.name, change.prepared);
        break;
      case "deallocate":
        forget(prepared, change.name);
        if (change.name === null) complete = { ...complete, prepared: true };
        break;
      case "declare":
        cursors.set(change.name, change.cursor);
        break;
      case "close":
        forget(cursors, change.name);
        if (change.name === null) complete = { ...complete, cursors: true };
        break;
      case "doubt":
        prepared.clear();
        cursors.clear();
        complete = { prepared: false, cursors: false };
        break;
    }
  }
  return { prepared, cursors, complete };
}

/** The names behind statements that follow each other, put together when one asks. */
export class NamesBehind implements SessionNames {
  #names: SessionNames;
  #changes: Naming[] = [];

  constructor(before: SessionNames) {
    this.#names = before;
  }

  add(changes: readonly Naming[]): void {
    for (const change of changes) this.#changes.push(change);
  }

  get prepared(): SessionNames["prepared"] {
    return this.#now().prepared;
  }

  get cursors(): SessionNames["cursors"] {
    return this.#now().cursors;
  }

  get complete(): { readonly prepared: boolean; readonly cursors: boolean } {
    return this.#now().complete ?? { prepared: false, cursors: false };
  }

  #now(): SessionNames {
    if (this.#changes.length > 0) {
      this.#names = renamed(this.#names, this.#changes);
      this.#changes = [];
    }
    return this.#names;
  }
}

function forget(names: Map<string, unknown>, name: string | null): void {
  if (name === null) names.clear();
  else names.delete(name);
}

const needing = new Set(["ExecuteStmt", "FetchStmt"]);

/** Whether what a text asks depends on the session's names, so that it may not be remembered by its text. */
export function needsSessionNames({ stmts }: { readonly stmts: Iterable<Fields> }): boolean {
  for (const { stmt } of stmts) {
    const { kind, fields } = node(stmt);
    if (needing.has(kind)) return true;
    const inner = kind === "ExplainStmt" || kind === "CreateTableAsStmt" ? fields["query"] : null;
    if (inner && (needing.has(node(inner).kind) || nested(inner))) return true;
  }
  return false;
}

/** EXPLAIN CREATE TABLE … AS EXECUTE. */
const nested = (inner: unknown): boolean => {
  const { kind, fields } = node(inner);
  return kind === "CreateTableAsStmt" && needing.has(node(fields["query"]).kind);
};

/** Reads the statement within; in another context when one is given. */
export type Inner = (kind: string, fields: Fields, within?: Context) => Told;

const askOutputs = (told: Told, context: Context): void => {
  for (const { value } of told.columns ?? []) context.asked.use(value.columns, "output");
};

/** PREPARE asks what its statement asks, but runs nothing. */
export function prepareStatement(fields: Fields, context: Context, inner: Inner): Told {
  known(fields, "PrepareStmt", knownFields("name", "argtypes", "query"));
  const types = list(fields["argtypes"]).map(
    (item) => namedType(only(item, "TypeName"), context).type.oid,
  );
  const outside = context.parameterTypes;
  context.parameterTypes = types;
  const { kind, fields: query } = node(fields["query"]);
  const told = inner(kind, query);
  askOutputs(told, context);
  context.parameterTypes = outside;
  if (told.opaque !== undefined) throw new Opaque(told.opaque);
  // A tree takes some ten times as much.
  const json = JSON.stringify(fields["query"]);
  const asks = asksNow(fields["query"], types, context, inner);
  const prepared: PreparedQuery = {
    get query() {
      return JSON.parse(json) as unknown;
    },
    types,
    names: new WeakRef(context.names),
    asks,
    size: json.length + (asks?.length ?? 0),
  };
  return {
    columns: null,
    explain: { analyze: false },
    effects: quietly({ kind: "prepare", name: text(fields["name"]), prepared }),
  };
}

const quietly = (...naming: Naming[]) => ({ ddl: false, names: false, naming });

/** Everything that it asks with the names of now, whatever its parameters are; null when it cannot be read. */
function asksNow(
  query: unknown,
  types: readonly number[],
  context: Context,
  inner: Inner,
): string | null {
  const asked = new Asked(context.asked.resources);
  const apart = new Context(context.names, context.classification, asked, types);
  apart.endWith(context);
  apart.session = context.session;
  const { kind, fields } = node(query);
  const told = context.attempt(() => inner(kind, fields, apart));
  if (told === null) return null;
  askOutputs(told, apart);
  const columns = told.columns?.map(({ value }) => [value.columns, value.bare]) ?? null;
  return JSON.stringify([asked.operations.list(), columns]);
}

/**
 * INVARIANT: PostgreSQL plans a prepared statement anew when search_path or what it reads has changed, but not when
 * an object was made that hides one that it reads.
 */
function samePlan(prepared: PreparedQuery, context: Context, inner: Inner): boolean {
  if (prepared.names.deref() === context.names || !applies("planned")) return true;
  const now = asksNow(prepared.query, prepared.types, context, inner);
  return now !== null && now === prepared.asks;
}

/** EXECUTE asks what the prepared statement asks with these parameters. */
export function executeStatement(fields: Fields, context: Context, inner: Inner): Told {
  known(fields, "ExecuteStmt", knownFields("name", "params"));
  const name = text(fields["name"]);
  const prepared = context.session.prepared.get(name);
  if (!prepared && !applies("names")) return { columns: null };
  if (!prepared && context.session.complete?.prepared)
    throw new Unresolved("26000", `prepared statement "${name}" does not exist`, -1);
  if (!prepared) throw new Opaque(`nobody knows what the prepared statement ${name} is`);
  const { kind, fields: query } = node(prepared.query);
  if (context.bound) bindByProtocol(prepared, context);
  else {
    const given = evaluateAll(fields["params"], new Scope(null, new Map()), context);
    if (given.length !== parametersOf(prepared))
      throw new Unresolved(
        "42601",
        `wrong number of parameters for prepared statement "${name}"`,
        -1,
      );
    context.parameters = given.map((value, at) =>
      argument(value, prepared.types[at], prepared, context),
    );
  }
  const told = inner(kind, query);
  context.parameters = null;
  if (!samePlan(prepared, context, inner))
    throw new Opaque(`the prepared statement ${name} was read when names meant something else`);
  return told;
}

const usedParameters = (query: unknown): number[] =>
  [...JSON.stringify(query).matchAll(/"ParamRef":\{"number":(\d+)/g)].map((found) =>
    Number(found[1]),
  );

const parametersOf = ({ query, types }: PreparedQuery): number =>
  Math.max(types.length, ...usedParameters(query));

/** Bind gives values of the types that it has, declared or inferred when it was prepared. */
function bindByProtocol({ query, types, names }: PreparedQuery, context: Context): void {
  const inferred = usedParameters(query).some((number) => !types[number - 1]);
  if (names.deref() !== context.names && inferred)
    throw new Opaque("a parameter whose type was inferred when names meant something else");
  context.parameterTypes = types;
}

/** A parameter as EXECUTE gives it. */
function argument(
  value: Value,
  declared: number | undefined,
  prepared: PreparedQuery,
  context: Context,
): Value {
  const { catalog } = context;
  const target = catalog.types.get(declared ?? 0);
  if (declared !== undefined && !target) throw new Opaque("a parameter of unknown type");
  if (!target && prepared.names.deref() !== context.names)
    throw new Opaque("a parameter whose type was inferred when names meant something else");
  if (!target && value.type !== unknownType && catalog.userCasts)
    throw new Opaque("a parameter of inferred type where people made casts");
  const cast = target ? castTo(context, value, target, false) : { ...value, type: unknownType };
  return { ...cast, bare: false, origin: null, constant: value.columns.length === 0 };
}

/** Queries and changes: what of the protocol's statements EXECUTE is followed into. */
const followed = new Set(["SelectStmt", "InsertStmt", "UpdateStmt", "DeleteStmt", "MergeStmt"]);

/**
 * What Parse put under a name, and what names meant then (null: not known). Read when it is asked for; opaque then,
 * where `parse` takes its time.
 */
export function protocolQuery(
  parse: () => Parsed | Promise<Parsed>,
  types: readonly number[],
  then: { readonly catalog: WeakRef<Catalog>; readonly names: NameContext } | null,
): PreparedQuery {
  const namesThen = (): object | undefined => {
    const catalog = then?.catalog.deref();
    return then && catalog ? namesOf(catalog, then.names) : undefined;
  };
  return {
    get query() {
      const parsed = parse();
      const tree = parsed instanceof Promise || parsed.kind !== "tree" ? null : parsed.tree;
      const [sole, ...others] = tree?.stmts ?? [];
      if (!sole || others.length > 0 || !followed.has(node(sole.stmt).kind))
        throw new Opaque("what the protocol prepared is no query that EXECUTE is followed into");
      return sole.stmt;
    },
    types,
    names: { deref: namesThen },
    asks: null,
    size: 0,
  };
}

/** What Bind opened under a name, of a statement that was read with these names. */
export function portalCursor(
  { operations, outputs, touches }: Pick<Cursor, "operations" | "outputs" | "touches">,
  catalog: Catalog,
  names: NameContext,
  classified: Classification,
): Cursor {
  return {
    operations,
    outputs,
    touches,
    names: new WeakRef(namesOf(catalog, names)),
    classification: new WeakRef(classified),
  };
}

const cursorFields = knownFields("portalname", "options", "query");

/** CURSOR_OPT_HOLD (parsenodes.h). */
const holdOption = 0x20;

/** DECLARE asks what its query asks; FETCH asks it again. */
export function declareCursor(fields: Fields, context: Context, inner: Inner): Told {
  known(fields, "DeclareCursorStmt", cursorFields);
  const { kind, fields: query } = node(fields["query"]);
  const told = inner(kind, query);
  if (told.columns === null || told.opaque !== undefined)
    throw new Opaque("a cursor over what is no query");
  // WITH HOLD runs the rest at COMMIT, where nobody would ask what names mean afterwards.
  if (context.executes && (integer(fields["options"]) & holdOption) !== 0)
    throw new Opaque("a held cursor that runs what is not traced");
  return { columns: null, declares: { name: text(fields["portalname"]), columns: told.columns } };
}

export function fetchStatement(fields: Fields, context: Context): Told {
  known(
    fields,
    "FetchStmt",
    knownFields("direction", "howMany", "portalname", "ismove", "direction_keyword"),
  );
  const name = text(fields["portalname"]);
  const cursor = context.session.cursors.get(name);
  if (!cursor && !applies("names")) return { columns: null };
  if (!cursor && context.session.complete?.cursors)
    throw new Unresolved("34000", `cursor "${name}" does not exist`, -1);
  if (!cursor) throw new Opaque(`nobody knows what the cursor ${name} is`);
  const same =
    cursor.names.deref() === context.names &&
    cursor.classification.deref() === context.classification;
  if (!same) throw new Opaque(`the cursor ${name} was opened when names meant something else`);
  for (const operation of cursor.operations) context.asked.operations.add(operation);
  context.touch(cursor.touches);
  if (cursor.operations.some(({ action }) => action === "execute")) {
    context.executes = true;
    context.changesNames = true;
    context.untraced = true;
  }
  return { columns: null, outputs: fields["ismove"] === true ? null : cursor.outputs };
}

const named = (value: unknown): string | null => text(value) || null;

/** DEALLOCATE, CLOSE and DISCARD: nothing is asked. */
export function forgetNames(kind: string, fields: Fields): Told | null {
  switch (kind) {
    case "DeallocateStmt":
      return {
        columns: null,
        effects: quietly({ kind: "deallocate", name: named(fields["name"]) }),
      };
    case "ClosePortalStmt":
      return {
        columns: null,
        effects: quietly({ kind: "close", name: named(fields["portalname"]) }),
      };
    case "DiscardStmt": {
      const target = text(fields["target"]);
      if (target !== "DISCARD_ALL")
        return { columns: null, effects: { ddl: false, names: target === "DISCARD_TEMP" } };
      return {
        columns: null,
        effects: {
          ...quietly({ kind: "deallocate", name: null }, { kind: "close", name: null }),
          names: true,
        },
      };
    }
    default:
      return null;
  }
}
