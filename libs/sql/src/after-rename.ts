import { firstUserOid, type Catalog, type Relation } from "./catalog.ts";
import { loneTable } from "./after-alter.ts";
import type { Context } from "./context.ts";
import { withRelations } from "./made-relations.ts";
import { isKeptElsewhere, isNamedWithin } from "./stored-uses.ts";
import { record, text, type Fields } from "./tree.ts";

/**
 * The catalog behind ALTER TABLE … RENAME, of a table that has no kin; null where it is not known exactly.
 * INVARIANT (I3): what is classified leaves no name by which it is: what follows that in one text stays opaque.
 */
export function afterRename(fields: Fields, context: Context): Catalog | null {
  if (fields["missing_ok"] === true || fields["relation"] === undefined) return null;
  const relation = loneTable(record(fields["relation"]), context);
  if (!relation || relation.oid < firstUserOid || relation.schema.startsWith("pg_")) return null;
  const name = text(fields["newname"]);
  switch (text(fields["renameType"])) {
    case "OBJECT_TABCONSTRAINT":
      return context.catalog;
    case "OBJECT_COLUMN":
      return text(fields["relationType"]) === "OBJECT_TABLE"
        ? afterRenamedColumn(relation, text(fields["subname"]), name, context)
        : null;
    case "OBJECT_TABLE":
      return afterRenamedTable(relation, name, context);
    default:
      return null;
  }
}

function afterRenamedColumn(
  relation: Relation,
  from: string,
  to: string,
  { catalog, classification }: Context,
): Catalog | null {
  const column = relation.columns.find(({ name }) => name === from);
  if (!column || relation.columns.some(({ name }) => name === to)) return null;
  if (classification.of(relation, from, true).length > 0) return null;
  if (isKeptElsewhere(catalog, relation) || isNamedWithin(relation, column)) return null;
  const columns = relation.columns.map((one) => (one === column ? { ...one, name: to } : one));
  return withRelations(catalog, [{ ...relation, columns }], []);
}

function afterRenamedTable(
  relation: Relation,
  name: string,
  { catalog, classification }: Context,
): Catalog | null {
  const { schema } = relation;
  if (classification.ofRelation(relation, true).length > 0) return null;
  if (isKeptElsewhere(catalog, relation) || Buffer.byteLength(name) > 60) return null;
  if (catalog.relation(schema, name) || catalog.type(schema, name)) return null;
  if (catalog.type(schema, `_${name}`)) return null;
  const row = catalog.types.get(relation.rowType);
  const array = row && catalog.types.get(row.array);
  if (!row || !array) return null;
  const types = [
    { ...row, name },
    { ...array, name: `_${name}` },
  ];
  return withRelations(catalog, [{ ...relation, name }], types);
}
