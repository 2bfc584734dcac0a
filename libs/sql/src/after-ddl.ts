import { afterAlterTable } from "./after-alter.ts";
import { afterRename } from "./after-rename.ts";
import type { Catalog, Column, ForeignKey, Relation, Type } from "./catalog.ts";
import type { Context } from "./context.ts";
import { commandRelation } from "./from.ts";
import { foreignKeyOf } from "./made-keys.ts";
import { nextOid, withRelations } from "./made-relations.ts";
import { Opaque, Unresolved } from "./outcome.ts";
import { plainColumn } from "./plain-columns.ts";
import {
  known,
  knownFields,
  list,
  node,
  only,
  record,
  strings,
  text,
  type Fields,
} from "./tree.ts";

/**
 * The catalog as the next statement of the same text finds it, behind DDL that did what it says or ended the text; null
 * where that is not known exactly.
 */
export function afterDdl(statement: unknown, context: Context): Catalog | null {
  if (context.catalog.eventTriggers.length > 0) return null;
  try {
    const { kind, fields } = node(statement);
    switch (kind) {
      case "CommentStmt":
      case "GrantStmt":
        return context.catalog;
      case "CreateStmt":
        return afterCreateTable(fields, context);
      case "IndexStmt":
        return afterCreateIndex(fields, context);
      case "AlterTableStmt":
        return afterAlterTable(fields, context);
      case "RenameStmt":
        return afterRename(fields, context);
      default:
        return null;
    }
  } catch (error) {
    if (error instanceof Opaque || error instanceof Unresolved) return null;
    throw error;
  }
}

const tableFields = knownFields(
  "relation",
  "tableElts",
  "constraints",
  "options",
  "oncommit",
  "tablespacename",
  "accessMethod",
  "if_not_exists",
);

function afterCreateTable(fields: Fields, context: Context): Catalog | null {
  known(fields, "CreateStmt", tableFields);
  const { catalog } = context;
  const written = record(fields["relation"]);
  if (written["catalogname"] !== undefined || written["relpersistence"] === "t") return null;
  const schema = text(written["schemaname"]) || context.names.creationSchema();
  const name = text(written["relname"]);
  if (!catalog.schemas.has(schema) || schema.startsWith("pg_")) return null;
  // Another session may be making it with other columns.
  if (fields["if_not_exists"] === true) return catalog.relation(schema, name) ? catalog : null;
  if (catalog.relation(schema, name) || catalog.type(schema, name)) return null;
  if (catalog.type(schema, `_${name}`) || Buffer.byteLength(name) > 60) return null;
  const oid = nextOid(catalog);
  const columns: Column[] = [];
  const unique: number[][] = [];
  const sequences: string[] = [];
  const keys: Fields[] = [];
  for (const element of [...list(fields["tableElts"]), ...list(fields["constraints"])]) {
    const { kind, fields: inner } = node(element);
    if (kind === "ColumnDef") {
      const made = plainColumn(inner, columns.length + 1, name, context);
      columns.push(made.column);
      if (made.unique) unique.push([made.column.attnum]);
      if (made.sequence !== null) sequences.push(made.sequence);
      keys.push(...made.keys.map((key) => ({ ...key, fk_attrs: [nameNode(made.column.name)] })));
    } else if (kind === "Constraint") keys.push(inner);
    else return null;
  }
  const attnums = (names: readonly string[]): number[] =>
    names.map((one) => {
      const found = columns.find((each) => each.name === one);
      if (!found) throw new Opaque("a key of a column that is not there");
      return found.attnum;
    });
  const references: ForeignKey[] = [];
  const others: Relation[] = [];
  for (const key of keys) {
    switch (text(key["contype"])) {
      case "CONSTR_PRIMARY":
      case "CONSTR_UNIQUE":
        unique.push(attnums(strings(key["keys"])));
        break;
      case "CONSTR_FOREIGN": {
        const made = foreignKeyOf(key, attnums(strings(key["fk_attrs"])), oid, context);
        if (others.some((other) => other.oid === made.target.oid)) return null;
        references.push(made.key);
        others.push(made.target);
        break;
      }
      default:
        return null;
    }
  }
  const table: Relation = {
    ...bare(oid, schema, name, "r"),
    rowType: oid + 1,
    columns,
    unique,
    indexed: [...new Set(unique.flat())],
    references,
  };
  const types = rowTypes(table);
  if (sequences.some((one) => catalog.relation(schema, one) || Buffer.byteLength(one) > 63))
    return null;
  // Under the name that it gets unless an index has it: not to be looked at.
  const made = sequences.map((one, at) => ({
    ...bare(oid + 3 + at, schema, one, "S"),
    unread: true,
  }));
  return withRelations(catalog, [table, ...made, ...others], types);
}

const nameNode = (sval: string): unknown => ({ String: { sval } });

const bare = (
  oid: number,
  schema: string,
  name: string,
  kind: Relation["kind"],
): Omit<Relation, "definition"> & { readonly definition: null } => ({
  oid,
  schema,
  name,
  kind,
  rowType: 0,
  rowSecurity: false,
  rules: false,
  unread: false,
  columns: [],
  parents: [],
  children: [],
  triggers: [],
  referencedBy: [],
  reaches: [],
  analysed: [],
  expressions: [],
  unique: [],
  excluding: [],
  indexed: [],
  references: [],
  definition: null,
});

function rowTypes({ oid, schema, name }: Relation): Type[] {
  const shared = {
    schema,
    preferred: false,
    base: 0,
    reaches: [],
    defaults: [],
    expressions: [],
  };
  const row = { ...shared, oid: oid + 1, name, kind: "c", category: "C", element: 0 };
  return [
    { ...row, array: oid + 2, relation: oid },
    {
      ...row,
      oid: oid + 2,
      name: `_${name}`,
      kind: "b",
      category: "A",
      element: oid + 1,
      array: 0,
      relation: 0,
    },
  ];
}

const indexFields = knownFields(
  "idxname",
  "relation",
  "accessMethod",
  "indexParams",
  "indexIncludingParams",
  "options",
  "unique",
  "nulls_not_distinct",
  "if_not_exists",
  "tableSpace",
);

function afterCreateIndex(fields: Fields, context: Context): Catalog | null {
  known(fields, "IndexStmt", indexFields);
  const relation = commandRelation(record(fields["relation"]), context);
  if (relation.kind !== "r" || relation.children.length > 0) return null;
  const attnums = list(fields["indexParams"]).map((item) => {
    const element = only(item, "IndexElem");
    const name = text(element["name"]);
    return relation.columns.find((one) => one.name === name)?.attnum;
  });
  const found = attnums.filter((attnum) => attnum !== undefined);
  if (found.length !== attnums.length) return null;
  const unique = fields["unique"] === true ? [...relation.unique, found] : relation.unique;
  const indexed = [...new Set([...relation.indexed, ...found])];
  return withRelations(context.catalog, [{ ...relation, indexed, unique }], []);
}
