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

/** What config classifies, by schema and table. */
type ByTable = ReadonlyMap<string, readonly WrittenColumn[]>;

interface WrittenColumn {
  readonly schema: string;
  readonly table: string;
  readonly column: string;
  readonly id: string;
  readonly tags: readonly string[];
}

const readAlready = new WeakMap<Classified, ByTable>();

function byTable(classified: Classified): ByTable {
  const known = readAlready.get(classified);
  if (known) return known;
  const found = new Map<string, WrittenColumn[]>();
  for (const [written, tags] of Object.entries(classified)) {
    const read = readColumnPath(written);
    const [schema, table, column] = splitQualified(read?.column ?? "") ?? [];
    if (schema === undefined || table === undefined || column === undefined) continue;
    const path = read?.path ? `#>${jsonPathText(read.path)}` : "";
    const id = qualified(schema, table, column) + path;
    const key = `${schema}\0${table}`;
    found.set(key, [...(found.get(key) ?? []), { schema, table, column, id, tags }]);
  }
  readAlready.set(classified, found);
  return found;
}

/** Of what config classifies, what a catalog has. */
interface Present {
  /** Ids, sorted. */
  readonly all: readonly string[];
  readonly columns: ReadonlyMap<string, ClassifiedColumn>;
  /** relation oid → column name → ids: the column's own, and those of paths into it */
  readonly direct: ReadonlyMap<number, ReadonlyMap<string, readonly string[]>>;
}

function present(catalog: Catalog, classified: Classified): Present {
  const columns = new Map<string, ClassifiedColumn>();
  const direct = new Map<number, Map<string, string[]>>();
  for (const written of byTable(classified).values())
    for (const { schema, table, column, id, tags } of written) {
      const relation = catalog.relation(schema, table);
      if (!relation?.columns.some(({ name }) => name === column)) continue;
      columns.set(id, { id, relation: relation.oid, column, tags });
      const ofRelation = direct.get(relation.oid) ?? new Map<string, string[]>();
      direct.set(relation.oid, ofRelation.set(column, [...(ofRelation.get(column) ?? []), id]));
    }
  return { all: [...columns.keys()].toSorted(), columns, direct };
}

class CatalogClassification implements Classification {
  readonly #catalog: Catalog;
  readonly present: Present;
  readonly #remembered = new Map<string, readonly string[]>();
  readonly #lineage: (relation: Relation, at: number) => readonly string[];

  constructor(catalog: Catalog, found: Present) {
    this.#catalog = catalog;
    this.present = found;
    this.#lineage = viewLineage(catalog, this);
  }

  get all(): readonly string[] {
    return this.present.all;
  }

  column(id: string): ClassifiedColumn | undefined {
    return this.present.columns.get(id);
  }

  of(relation: Relation, column: string, children: boolean): readonly string[] {
    if (this.present.direct.size === 0) return empty;
    const key = `${relation.oid}\0${column}\0${children ? 1 : 0}`;
    const known = this.#remembered.get(key);
    if (known) return known;
    const ids: string[] = [];
    for (const one of this.#family(relation, children)) {
      ids.push(...(this.present.direct.get(one.oid)?.get(column) ?? []));
    }
    const at = isView(relation) ? relation.columns.findIndex(({ name }) => name === column) : -1;
    const sorted = union(ids.toSorted(), at === -1 ? empty : this.#lineage(relation, at));
    this.#remembered.set(key, sorted);
    return sorted;
  }

  ofRelation(relation: Relation, children: boolean): readonly string[] {
    if (this.present.direct.size === 0) return empty;
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

const remembered = new WeakMap<Catalog, WeakMap<Classified, CatalogClassification>>();

/** Remembered for each catalog and config value. */
export function classification(catalog: Catalog, classified: Classified): Classification {
  return rememberedOf(catalog, classified) ?? remember(catalog, classified, present);
}

/** The same of a catalog that differs from another one in these relations alone. */
export function classificationAfter(
  catalog: Catalog,
  classified: Classified,
  before: Catalog,
  changed: readonly Relation[],
): Classification {
  const known = rememberedOf(before, classified);
  const named = byTable(classified);
  const isNamed = ({ schema, name }: Relation): boolean => named.has(`${schema}\0${name}`);
  const same = changed.every((one) => {
    const was = before.relations.get(one.oid);
    if (!isNamed(one) && !(was && isNamed(was))) return true;
    return was?.columns === one.columns && was.name === one.name && was.schema === one.schema;
  });
  if (!known || !same) return classification(catalog, classified);
  return remember(catalog, classified, () => known.present);
}

const rememberedOf = (catalog: Catalog, classified: Classified) =>
  remembered.get(catalog)?.get(classified);

function remember(
  catalog: Catalog,
  classified: Classified,
  found: (catalog: Catalog, classified: Classified) => Present,
): Classification {
  const byConfig = remembered.get(catalog) ?? new WeakMap<Classified, CatalogClassification>();
  remembered.set(catalog, byConfig);
  const built = new CatalogClassification(catalog, found(catalog, classified));
  byConfig.set(classified, built);
  return built;
}
