import type { Action, Operation, Resource, ResourceRef, Use } from "@sallyport/contracts";
import { builtinTags } from "./builtin-tags.ts";
import type { Catalog, Func, Relation } from "./catalog.ts";
import { kin, type Classification } from "./classification.ts";
import { qualified } from "./identifiers.ts";

const byText = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

const key = (operation: Operation): string =>
  [
    operation.resource.type,
    operation.resource.id,
    operation.action,
    operation.use ?? "",
    operation.where ?? "",
    operation.detail ?? "",
    operation.planned ?? "",
  ].join("\0");

/** A set of operations; `list` gives them without doubles, in one order that depends on nothing else. */
export class Operations {
  readonly #found = new Map<string, Operation>();

  add(operation: Operation): void {
    const name = key(operation);
    if (!this.#found.has(name)) this.#found.set(name, operation);
  }

  list(): Operation[] {
    return [...this.#found].toSorted(([a], [b]) => byText(a, b)).map(([, operation]) => operation);
  }
}

export function unite(lists: readonly (readonly Operation[])[]): Operation[] {
  const all = new Operations();
  for (const list of lists) for (const operation of list) all.add(operation);
  return all.list();
}

/** Resources of one connection, as policies name them. */
export class Resources {
  readonly #connection: string;
  readonly #catalog: Catalog;
  readonly #classification: Classification;
  readonly #remembered = new Map<string, Resource>();

  constructor(connection: string, catalog: Catalog, classification: Classification) {
    this.#connection = connection;
    this.#catalog = catalog;
    this.#classification = classification;
  }

  connection(): Resource {
    return { type: "Connection", id: this.#connection };
  }

  schema(name: string): Resource {
    return { type: "Schema", id: `${this.#connection}/${qualified(name)}` };
  }

  table(relation: Relation): Resource {
    return this.#remember(`t${relation.oid}`, () => {
      const tags = builtinTags(relation);
      return {
        type: "Table",
        id: `${this.#connection}/${qualified(relation.schema, relation.name)}`,
        in: this.#ancestors(relation),
        ...(tags.length > 0 ? { tags: [...tags] } : {}),
      };
    });
  }

  /** pg_settings, where it shows what the server keeps to itself. */
  settings(): Resource {
    return { ...this.namedTable("pg_catalog", "pg_settings"), tags: ["builtin:secrets"] };
  }

  /** A table that the catalog does not have (yet). */
  namedTable(schema: string, name: string): Resource {
    return {
      type: "Table",
      id: `${this.#connection}/${qualified(schema, name)}`,
      in: [this.#ref(this.schema(schema))],
    };
  }

  function(func: Func): Resource {
    return this.namedFunction(func.schema, func.name);
  }

  namedFunction(schema: string, name: string): Resource {
    return {
      type: "Function",
      id: `${this.#connection}/${qualified(schema, name)}`,
      in: [this.#ref(this.schema(schema))],
    };
  }

  /** A classified column by its id. */
  column(id: string): Resource {
    return this.#remember(`c${id}`, () => {
      const column = this.#classification.column(id);
      const relation = column && this.#catalog.relations.get(column.relation);
      return {
        type: "Column",
        id: `${this.#connection}/${id}`,
        in: relation ? [this.#ref(this.table(relation)), ...this.#ancestors(relation)] : [],
        tags: [...(column?.tags ?? [])],
      };
    });
  }

  #ref(resource: Resource): ResourceRef {
    return { type: resource.type, id: resource.id };
  }

  #ancestors(relation: Relation): ResourceRef[] {
    const refs: ResourceRef[] = [];
    for (const parent of kin(this.#catalog, relation, "parents")) {
      refs.push({
        type: "Table",
        id: `${this.#connection}/${qualified(parent.schema, parent.name)}`,
      });
    }
    refs.push(this.#ref(this.schema(relation.schema)));
    for (const parent of kin(this.#catalog, relation, "parents")) {
      const schema = this.#ref(this.schema(parent.schema));
      if (!refs.some(({ type, id }) => type === "Schema" && id === schema.id)) refs.push(schema);
    }
    return refs;
  }

  #remember(name: string, build: () => Resource): Resource {
    const known = this.#remembered.get(name);
    if (known) return known;
    const resource = build();
    this.#remembered.set(name, resource);
    return resource;
  }
}

const remembered = new WeakMap<Classification, Map<string, Resources>>();

/** The resources of a connection; remembered with its classification. */
export function resourcesOf(
  connection: string,
  catalog: Catalog,
  classification: Classification,
): Resources {
  const known = remembered.get(classification) ?? new Map<string, Resources>();
  remembered.set(classification, known);
  const found = known.get(connection) ?? new Resources(connection, catalog, classification);
  known.set(connection, found);
  return found;
}

/** What one statement asks, and which classified columns it touches. */
export class Asked {
  readonly operations = new Operations();
  readonly touched = new Set<string>();
  /** Of those, the ones whose values are read, not only looked up or written. */
  readonly seen = new Set<string>();
  readonly resources: Resources;

  constructor(resources: Resources) {
    this.resources = resources;
  }

  readTable(relation: Relation): void {
    this.operations.add({
      action: "read",
      resource: this.resources.table(relation),
      use: "output",
    });
  }

  use(columns: readonly string[], use: Use): void {
    for (const id of columns) {
      this.operations.add({ action: "read", resource: this.resources.column(id), use });
    }
  }

  act(action: Action, resource: Resource, detail?: string): void {
    this.operations.add({
      action,
      resource,
      ...(detail === undefined ? {} : { detail: detail.slice(0, 512) }),
    });
  }

  change(action: "update" | "delete", relation: Relation, where: boolean): void {
    this.operations.add({ action, resource: this.resources.table(relation), where });
  }
}
