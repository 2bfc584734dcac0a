import { firstUserOid, type Catalog, type Relation } from "./catalog.ts";
import type { Classification } from "./classification.ts";
import { Context } from "./context.ts";
import { namesOf, type Names } from "./names.ts";
import { Asked, Resources } from "./operations.ts";
import { Opaque, Unresolved } from "./outcome.ts";
import { query } from "./select.ts";
import { list, node, type Fields } from "./tree.ts";
import type { Value } from "./value.ts";

/** What reading a view asks, and what is in its columns. */
export interface ViewReading {
  readonly columns: readonly Value[];
  /** Where what it asks was gathered. */
  readonly context: Context;
}

/** In definitions that PostgreSQL printed under `catalogSettings`, names mean this, whatever the session says. */
export const storedNames = (catalog: Catalog): Names =>
  namesOf(catalog, {
    searchPath: catalog.temporary ? ["pg_catalog", "pg_temp"] : ["pg_catalog"],
  });

const remembered = new WeakMap<Resources, Map<number, ViewReading | Opaque>>();

/** Reads the definition of a view or materialised view. @throws {Opaque} */
export function viewReading(relation: Relation, context: Context): ViewReading {
  return readingOf(relation, context.catalog, context.classification, context.asked.resources);
}

function readingOf(
  relation: Relation,
  catalog: Catalog,
  classification: Classification,
  resources: Resources,
): ViewReading {
  const known = remembered.get(resources) ?? new Map<number, ViewReading | Opaque>();
  remembered.set(resources, known);
  let found = known.get(relation.oid);
  if (!found) {
    const names = storedNames(catalog);
    const inner = new Context(names, classification, new Asked(resources), [], "view");
    // Views that are made to read each other fail when they are used.
    known.set(
      relation.oid,
      new Opaque(`the view ${relation.schema}.${relation.name} reads itself`),
    );
    found = readDefinition(relation, inner);
    known.set(relation.oid, found);
  }
  if (found instanceof Opaque) throw found;
  return found;
}

function readDefinition(relation: Relation, context: Context): ViewReading | Opaque {
  const name = `${relation.schema}.${relation.name}`;
  try {
    const columns = query({ SelectStmt: definitionOf(relation, context.catalog) }, null, context);
    if (columns.length !== relation.columns.length) return new Opaque(`the view ${name} differs`);
    return { columns: columns.map(({ value }) => value), context };
  } catch (error) {
    // What the target stored resolves there; that it does not here means that we know too little.
    if (error instanceof Unresolved) return new Opaque(`the view ${name}: ${error.message}`);
    if (error instanceof Opaque) return new Opaque(`the view ${name}: ${error.message}`);
    throw error;
  }
}

/** The SELECT that a view stands for. @throws {Opaque} */
export function definitionOf(relation: Relation, catalog: Catalog): Fields {
  const tree = relation.definition === null ? null : catalog.stored(relation.definition);
  const [statement] = tree?.stmts ?? [];
  if (!statement) throw new Opaque(`${relation.schema}.${relation.name} is not an ordinary table`);
  const { kind, fields } = node(statement["stmt"]);
  if (kind !== "SelectStmt" || list(tree?.stmts).length !== 1)
    throw new Opaque(`${relation.schema}.${relation.name} is no query`);
  return fields;
}

/** A view or materialised view that people made; the system's own are read as they are. */
export const isView = (relation: Relation): boolean =>
  (relation.kind === "v" || relation.kind === "m") && relation.oid >= firstUserOid;

/** Which classified columns feed each column of a view; all of them when it cannot be traced. */
export function viewLineage(
  catalog: Catalog,
  classification: Classification,
): (relation: Relation, at: number) => readonly string[] {
  const resources = new Resources("", catalog, classification);
  return (relation, at) => {
    try {
      const { columns } = readingOf(relation, catalog, classification, resources);
      return columns[at]?.columns ?? classification.all;
    } catch (error) {
      if (error instanceof Opaque || error instanceof Unresolved) return classification.all;
      throw error;
    }
  };
}
