import { jsonPathText, readColumnPath } from "@sallyport/contracts";
import type { Catalog, Relation } from "./catalog.ts";
import { qualified, splitQualified } from "./identifiers.ts";
import { union } from "./value.ts";
import { isView, viewLineage } from "./views.ts";
import { applies } from "./rules.ts";

/** Classified columns and paths into them, id without the connection (`public.customers.email`, `public.t.doc#>{a}`) → tags. */
export type Classified = Readonly<Record<string, readonly string[]>>;

export interface ClassifiedColumn {
  readonly id: string;
  readonly relation: number;
  readonly column: string;
  readonly tags: readonly string[];
}

/**
 * Which classified columns a column stands for. Classification is inherited by name, both ways: a
 * partition's or child's column holds what its parent shows, and a parent shows what its children hold. A view's
 * and materialised view's column stands for what its definition computes it from.
 */
export interface Classification {
  /** Ids of all classified columns that the target has, sorted. */
  readonly all: readonly string[];
  column(id: string): ClassifiedColumn | undefined;
  /** Ids that reading this column reads; `children`: not `ONLY`. */
  of(relation: Relation, column: string, children: boolean): readonly string[];
  /** Ids of all columns of the relation. */
  ofRelation(relation: Relation, children: boolean): readonly string[];
}

/** All ancestors (or descendants) of a relation, itself not included; cycles cannot occur. */
export function kin(
  catalog: Catalog,
  relation: Relation,
  direction: "parents" | "children",
): readonly Relation[] {
  if (relation[direction].length === 0) return [];
  const found = new Map<number, Relation>();
  const waiting = [...relation[direction]];
  for (let oid = waiting.pop(); oid !== undefined; oid = waiting.pop()) {
    const other = catalog.relations.get(oid);
    if (!other || found.has(oid)) continue;
    found.set(oid, other);
    waiting.push(...other[direction]);
  }
  return [...found.values()];
}

const empty: readonly string[] = [];

class CatalogClassification implements Classification {
  readonly all: readonly string[];
  readonly #catalog: Catalog;
  readonly #columns: ReadonlyMap<string, ClassifiedColumn>;
  /** relation oid → column name → ids: the column's own, and those of paths into it */
  readonly #direct = new Map<number, Map<string, string[]>>();
  readonly #remembered = new Map<string, readonly string[]>();
  readonly #lineage: (relation: Relation, at: number) => readonly string[];

  constructor(catalog: Catalog, classified: Classified) {
    this.#catalog = catalog;
    this.#lineage = viewLineage(catalog, this);
    const columns = new Map<string, ClassifiedColumn>();
    for (const [written, tags] of Object.entries(classified)) {
      const read = readColumnPath(written);
      const [schema, table, column] = splitQualified(read?.column ?? "") ?? [];
      if (schema === undefined || table === undefined || column === undefined) continue;
      const relation = catalog.relation(schema, table);
      if (!relation?.columns.some(({ name }) => name === column)) continue;
      const path = read?.path ? `#>${jsonPathText(read.path)}` : "";
      const id = qualified(schema, table, column) + path;
      columns.set(id, { id, relation: relation.oid, column, tags });
      const direct = this.#direct.get(relation.oid) ?? new Map<string, string[]>();
      this.#direct.set(relation.oid, direct.set(column, [...(direct.get(column) ?? []), id]));
    }
    this.#columns = columns;
    this.all = [...columns.keys()].toSorted();
  }

  column(id: string): ClassifiedColumn | undefined {
    return this.#columns.get(id);
  }

  of(relation: Relation, column: string, children: boolean): readonly string[] {
    if (this.#direct.size === 0) return empty;
    const key = `${relation.oid}\0${column}\0${children ? 1 : 0}`;
    const known = this.#remembered.get(key);
    if (known) return known;
    const ids: string[] = [];
    for (const one of this.#family(relation, children)) {
      ids.push(...(this.#direct.get(one.oid)?.get(column) ?? []));
    }
    const at = isView(relation) ? relation.columns.findIndex(({ name }) => name === column) : -1;
    const sorted = union(ids.toSorted(), at === -1 ? empty : this.#lineage(relation, at));
    this.#remembered.set(key, sorted);
    return sorted;
  }

  ofRelation(relation: Relation, children: boolean): readonly string[] {
    if (this.#direct.size === 0) return empty;
    const ids = new Set<string>();
    for (const { name } of relation.columns) {
      for (const id of this.of(relation, name, children)) ids.add(id);
    }
    return [...ids].toSorted();
  }

  #family(relation: Relation, children: boolean): Relation[] {
    const family = [
      relation,
      ...(applies("parents") ? kin(this.#catalog, relation, "parents") : []),
    ];
    if (children && applies("children")) {
      for (const child of kin(this.#catalog, relation, "children")) {
        family.push(child, ...kin(this.#catalog, child, "parents"));
      }
    }
    return [...new Set(family)];
  }
}

const remembered = new WeakMap<Catalog, WeakMap<Classified, Classification>>();

/** Remembered for each catalog and config value. */
export function classification(catalog: Catalog, classified: Classified): Classification {
  const byConfig = remembered.get(catalog) ?? new WeakMap<Classified, Classification>();
  remembered.set(catalog, byConfig);
  const known = byConfig.get(classified);
  if (known) return known;
  const built = new CatalogClassification(catalog, classified);
  byConfig.set(classified, built);
  return built;
}
