import type { Catalog, Func, Operator, Relation, Type } from "./catalog.ts";
import { Opaque, Unresolved } from "./outcome.ts";
import { applies } from "./rules.ts";

/** How names resolve in a session at this moment. */
export interface NameContext {
  /** Existing schemas in order, as `current_schemas(true)` gives them (with or without the implicit ones). */
  readonly searchPath: readonly string[];
  readonly role?: string;
  /** `pg_temp_N` once the session has had temporary objects; names of those are opaque. */
  readonly tempSchema?: string;
  /** Names of the relations and types in it; absent: not known, then every unqualified name is opaque. */
  readonly temporary?: readonly string[];
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
    context.tempSchema !== undefined,
    context.temporary ?? null,
  ]);
  const found = known.get(key) ?? new Names(catalog, context);
  if (known.size >= maxRemembered) known.clear();
  known.set(key, found);
  return found;
}

/** Resolves names as PostgreSQL does with the session's search_path. */
export class Names {
  readonly catalog: Catalog;
  readonly path: readonly string[];
  /** What is temporary: nothing, these names, or what nobody knows. */
  readonly #temporary: ReadonlySet<string> | "unknown";

  constructor(catalog: Catalog, context: NameContext) {
    const path = context.searchPath.filter((schema) => !/^pg_temp(_|$)/.test(schema));
    this.catalog = catalog;
    this.path = path.includes("pg_catalog") ? path : ["pg_catalog", ...path];
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
    return this.#first(schema, (place) => this.catalog.relation(place, name));
  }

  /** Null when the type is not known to the catalog. */
  type({ schema, name }: QualifiedName): Type | null {
    this.#refuseTemporary(schema, name);
    return this.#first(schema, (place) => this.catalog.type(place, name)) ?? null;
  }

  /** Where an unqualified new object would go. */
  creationSchema(): string {
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
    if (schema !== null) return all.filter((item) => item.schema === schema);
    return all
      .filter((item) => this.path.includes(item.schema))
      .toSorted((a, b) => this.path.indexOf(a.schema) - this.path.indexOf(b.schema));
  }

  #first<T>(schema: string | null, find: (schema: string) => T | undefined): T | undefined {
    if (schema !== null) return find(schema);
    for (const place of this.path) {
      const found = find(place);
      if (found !== undefined) return found;
    }
    return undefined;
  }

  /** INVARIANT: where a temporary object could hide another, names are not resolved. */
  #refuseTemporary(schema: string | null, name: string): void {
    if (!applies("temporary")) return;
    if (schema !== null && /^pg_(toast_)?temp(_|$)/.test(schema)) {
      throw new Opaque("a temporary object");
    }
    if (schema !== null) return;
    if (this.#temporary === "unknown")
      throw new Opaque("an unqualified name in a session with temporary objects");
    if (this.#temporary.has(name)) throw new Opaque("a temporary object");
  }
}
