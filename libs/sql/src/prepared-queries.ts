import type { Told } from "./analyse.ts";
import { castTo } from "./casts.ts";
import type { Catalog } from "./catalog.ts";
import { Context } from "./context.ts";
import { evaluateAll } from "./expressions.ts";
import { namesOf, type NameContext } from "./names.ts";
import { Asked } from "./operations.ts";
import { Opaque, Unresolved } from "./outcome.ts";
import type { Parsed } from "./parser-instance.ts";
import { applies } from "./rules.ts";
import { Scope } from "./scope.ts";
import { quietly } from "./session-names.ts";
import type { Inner } from "./statements.ts";
import { known, knownFields, list, node, only, text, type Fields } from "./tree.ts";
import { namedType } from "./types.ts";
import { unknownType, type Value } from "./value.ts";

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
