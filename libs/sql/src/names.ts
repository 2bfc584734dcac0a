import type { Catalog, Func, Operator, Relation, Type } from "./catalog.ts";
import { Opaque, Unresolved } from "./outcome.ts";
import { applies } from "./rules.ts";

/** How names resolve in a session at this moment. */
export interface NameContext {
  /** Existing schemas in order, as `current_schemas(true)` gives them (with or without the implicit ones). */
  readonly searchPath: readonly string[];
  readonly role?: string;
  /** `pg_temp_N` once the session has had temporary objects. */
  readonly tempSchema?: string;
  /**
   * Names of the relations and types in it; absent: not known, then every unqualified name is opaque. A catalog that
   * has the session's temporary objects needs none.
   */
  readonly temporary?: readonly string[];
  /** Where an unqualified new object goes, as `current_schema()` gives it; absent: the first of the path. */
  readonly creation?: string;
}

export interface QualifiedName {
  readonly schema: string | null;
  readonly name: string;
}

export function nameOf(parts: readonly string[]): QualifiedName {
  const [first, second, third] = parts;
  if (first === undefined || parts.length > 3) throw new Opaque("an improper qualified name");
  if (third !== undefined) throw new Opaque("a name that names its database");
  return second === undefined ? { schema: null, name: first } : { schema: first, name: second };
}

const remembered = new WeakMap<Catalog, Map<string, Names>>();
/** Different search paths that are remembered for one catalog. */
const maxRemembered = 64;

/** The names of a catalog as a session sees them; remembered, so that resolutions are. */
export function namesOf(catalog: Catalog, context: NameContext): Names {
  const known = remembered.get(catalog) ?? new Map<string, Names>();
  remembered.set(catalog, known);
  const key = JSON.stringify([
    context.searchPath,
    context.tempSchema ?? null,
    context.creation ?? null,
    context.temporary ?? null,
  ]);
  const found = known.get(key) ?? new Names(catalog, context);
  if (known.size >= maxRemembered) known.clear();
  known.set(key, found);
  return found;
}

/** Why a name that may be a temporary object's is opaque; the catalog with the session's own ones would tell. */
export const temporaryObject = "a temporary object";
const beingChanged = "is being changed by another transaction";
/** Whether it is opaque because of that, which passes. */
export const isBeingChanged = (reason: string): boolean => reason.includes(beingChanged);

/** @throws {Opaque} for what could not be read. */
export function refuseUnread({ schema, name, unread }: Relation): void {
  if (unread) throw new Opaque(`${schema}.${name} ${beingChanged}`);
}

export const maybeTemporary = "an unqualified name in a session with temporary objects";

const temporarySchema = "pg_temp";
const isTemporary = (schema: string): boolean => /^pg_temp(_|$)/.test(schema);

/** What PostgreSQL says where a name names a schema that is not there; null: it is, or may be. */
export const missingSchema = (
  catalog: Catalog,
  schema: string | null,
  location: number,
): Unresolved | null =>
  schema === null || catalog.schemas.has(schema) || /^pg_(toast_)?temp(_|$)/.test(schema)
    ? null
    : new Unresolved("3F000", `schema "${schema}" does not exist`, location);

/** Resolves names as PostgreSQL does with the session's search_path. */
export class Names {
  readonly catalog: Catalog;
  /** Where functions and operators are looked for: never among temporary ones. */
  readonly path: readonly string[];
  /** Where relations and types are looked for. */
  readonly #places: readonly string[];
  readonly #context: NameContext;
  /** What is temporary: nothing, these names, or what nobody knows. */
  readonly #temporary: ReadonlySet<string> | "unknown";
  readonly #unhidden: boolean;
  #settled: Names | undefined;

  constructor(catalog: Catalog, context: NameContext, unhidden = false) {
    const path = context.searchPath.filter((schema) => !isTemporary(schema));
    this.catalog = catalog;
    this.#context = context;
    this.#unhidden = unhidden;
    this.path = path.includes("pg_catalog") ? path : ["pg_catalog", ...path];
    this.#places = catalog.temporary ? placesOf(context.searchPath) : this.path;
    const temporary = context.tempSchema !== undefined || path.length !== context.searchPath.length;
    this.#temporary = temporary
      ? context.temporary
        ? new Set(context.temporary)
        : "unknown"
      : new Set();
  }

  relation({ schema, name }: QualifiedName, location: number): Relation {
    const found = this.findRelation({ schema, name });
    if (found) return found;
    const written = schema === null ? name : `${schema}.${name}`;
    throw new Unresolved("42P01", `relation "${written}" does not exist`, location);
  }

  findRelation({ schema, name }: QualifiedName): Relation | undefined {
    this.#refuseTemporary(schema, name);
    const found = this.#first(schema, (place) => this.catalog.relation(place, name));
    if (found) refuseUnread(found);
    return found;
  }

  /** Null when the type is not known to the catalog. */
  type({ schema, name }: QualifiedName): Type | null {
    this.#refuseTemporary(schema, name);
    return this.#first(schema, (place) => this.catalog.type(place, name)) ?? null;
  }

  /** The type that is called like a function: never a temporary one, unless its schema is named. */
  calledType({ schema, name }: QualifiedName): Type | null {
    if (schema !== null) return this.type({ schema, name });
    for (const place of this.path) {
      const found = this.catalog.type(place, name);
      if (found) return found;
    }
    return null;
  }

  /**
   * The same names for a text that may have been planned before: who made a relation that hides another one since
   * does not change a plan. What hides another is opaque there.
   */
  get unhidden(): Names {
    this.#settled ??= new Names(this.catalog, this.#context, true);
    return this.#settled;
  }

  /** Where an unqualified new object would go. */
  creationSchema(): string {
    const { creation } = this.#context;
    if (creation !== undefined) return isTemporary(creation) ? temporarySchema : creation;
    const schema = this.path.find((place) => place !== "pg_catalog") ?? this.path[0];
    return schema ?? "pg_catalog";
  }

  /** Functions that a call could mean, in the order of the path. */
  functions({ schema, name }: QualifiedName): readonly Func[] {
    return this.#visible(schema, this.catalog.functionsByName.get(name) ?? []);
  }

  operators({ schema, name }: QualifiedName): readonly Operator[] {
    return this.#visible(schema, this.catalog.operatorsByName.get(name) ?? []);
  }

  #visible<T extends { readonly schema: string }>(schema: string | null, all: readonly T[]): T[] {
    if (schema !== null) {
      this.#refuseTemporary(schema, "");
      const place = this.#placeOf(schema);
      return all.filter((item) => item.schema === place);
    }
    return all
      .filter((item) => this.path.includes(item.schema))
      .toSorted((a, b) => this.path.indexOf(a.schema) - this.path.indexOf(b.schema));
  }

  #first<T>(schema: string | null, find: (schema: string) => T | undefined): T | undefined {
    if (schema !== null) return find(this.#placeOf(schema));
    let first: T | undefined;
    for (const place of this.#places) {
      const found = find(place);
      if (found === undefined) continue;
      if (!this.#unhidden) return found;
      if (first !== undefined && applies("planned"))
        throw new Opaque(
          "a name that hides another one, in a text that may have been planned before",
        );
      first ??= found;
    }
    return first;
  }

  #placeOf(schema: string): string {
    return isTemporary(schema) ? temporarySchema : schema;
  }

  /** INVARIANT: where a temporary object could hide another, names are not resolved. */
  #refuseTemporary(schema: string | null, name: string): void {
    if (!applies("temporary")) return;
    if (schema !== null && /^pg_(toast_)?temp(_|$)/.test(schema)) {
      const own = schema === temporarySchema || schema === this.#context.tempSchema;
      if (!own || !this.catalog.temporary) throw new Opaque(temporaryObject);
    }
    if (schema !== null || this.catalog.temporary) return;
    if (this.#temporary === "unknown") throw new Opaque(maybeTemporary);
    if (this.#temporary.has(name)) throw new Opaque(temporaryObject);
  }
}

/** PostgreSQL searches pg_temp first, and pg_catalog behind it, unless the path says where. */
function placesOf(searchPath: readonly string[]): readonly string[] {
  const places = searchPath.map((schema) => (isTemporary(schema) ? temporarySchema : schema));
  if (!places.includes("pg_catalog")) places.unshift("pg_catalog");
  if (!places.includes(temporarySchema)) places.unshift(temporarySchema);
  return places;
}
