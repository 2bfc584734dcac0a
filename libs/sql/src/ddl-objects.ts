import type { Operation } from "@sallyport/contracts";
import type { Told } from "./analyse.ts";
import type { Context } from "./context.ts";
import { firstUserOid, type Relation } from "./catalog.ts";
import { alter, defined, definedNames } from "./ddl-tables.ts";
import {
  cascadeFrom,
  relationAsDependable,
  schemaContents,
  type Dependable,
} from "./dependents.ts";
import { commandRelation } from "./from.ts";
import { missingSchema, nameOf } from "./names.ts";
import { Opaque, Unresolved } from "./outcome.ts";
import { list, node, only, record, strings, text, type Fields } from "./tree.ts";

type Resource = Operation["resource"];

const relationKinds = new Set([
  "OBJECT_TABLE",
  "OBJECT_VIEW",
  "OBJECT_MATVIEW",
  "OBJECT_SEQUENCE",
  "OBJECT_FOREIGN_TABLE",
]);
const functionKinds = new Set([
  "OBJECT_FUNCTION",
  "OBJECT_PROCEDURE",
  "OBJECT_ROUTINE",
  "OBJECT_AGGREGATE",
]);
/** Named by their table's name and their own. */
const tableParts = new Set([
  "OBJECT_TRIGGER",
  "OBJECT_POLICY",
  "OBJECT_RULE",
  "OBJECT_TABCONSTRAINT",
]);

/** The resource that an object of DDL is; what is none of ours is the Connection. */
function objectResource(
  kind: string,
  object: unknown,
  missingOk: boolean,
  called: string,
  context: Context,
): { readonly resource: Resource; readonly relation?: Relation } {
  const { resources } = context.asked;
  const { kind: form, fields } = node(object);
  if (kind === "OBJECT_SCHEMA") return { resource: resources.schema(text(fields["sval"])) };
  if (functionKinds.has(kind)) {
    const name = nameOf(strings(fields["objname"]));
    const schema = name.schema ?? context.names.functions(name)[0]?.schema;
    return {
      resource: resources.namedFunction(schema ?? context.names.creationSchema(), name.name),
    };
  }
  const parts = form === "List" ? strings(fields["items"]) : [];
  if (relationKinds.has(kind)) return relationResource(parts, missingOk, called, context);
  if (kind === "OBJECT_COLUMN" || tableParts.has(kind)) {
    return relationResource(parts.slice(0, -1), missingOk, "relation", context);
  }
  return { resource: resources.connection() };
}

/** `called`: what PostgreSQL calls it when it is not there. */
function relationResource(
  parts: readonly string[],
  missingOk: boolean,
  called: string,
  context: Context,
): { readonly resource: Resource; readonly relation?: Relation } {
  const name = nameOf(parts);
  const relation = context.names.findRelation(name);
  if (relation) return { resource: context.asked.resources.table(relation), relation };
  if (!missingOk) {
    const missing = missingSchema(context.catalog, name.schema, -1);
    if (missing) throw missing;
    const sqlstate = called === "foreign table" ? "42704" : "42P01";
    // DROP names it without its schema.
    const written = called === "relation" ? parts.join(".") : name.name;
    throw new Unresolved(sqlstate, `${called} "${written}" does not exist`, -1);
  }
  const schema = name.schema ?? context.names.creationSchema();
  return { resource: context.asked.resources.namedTable(schema, name.name) };
}

/** DROP of anything; CASCADE takes what depends on it, which the catalog tells only in part. */
export function dropStatement(fields: Fields, context: Context): Told {
  const kind = text(fields["removeType"]);
  const cascade = fields["behavior"] === "DROP_CASCADE";
  const { asked, catalog } = context;
  const begin: Dependable[] = [];
  for (const object of list(fields["objects"])) {
    const called = kind.replace("OBJECT_", "").replace("MATVIEW", "materialized view");
    const found = objectResource(
      kind,
      object,
      fields["missing_ok"] === true,
      called.replace("_", " ").toLowerCase(),
      context,
    );
    const action = tableParts.has(kind) ? "alter" : "drop";
    const detail = found.resource.type === "Connection" ? kind : undefined;
    asked.act(action, found.resource, detail);
    if (found.relation && action === "drop") {
      begin.push(relationAsDependable(found.relation.oid));
      for (const key of cascade ? found.relation.referencedBy : []) {
        const from = catalog.relations.get(key.from);
        if (from) asked.act("alter", asked.resources.table(from));
      }
    }
    if (kind === "OBJECT_SCHEMA" && cascade) {
      const schema = text(only(object, "String")["sval"]);
      begin.push(...schemaContents(catalog, schema));
      for (const relation of catalog.relations.values()) {
        if (relation.schema === schema && relation.kind !== "c") {
          asked.act("drop", asked.resources.table(relation));
        }
      }
      for (const func of catalog.functions.values()) {
        if (func.schema === schema) asked.act("drop", asked.resources.function(func));
      }
    }
  }
  const effects = kind === "OBJECT_SCHEMA" ? definedNames : defined;
  const views = [...catalog.relations.values()].some(
    ({ oid, kind: relationKind }) =>
      oid >= firstUserOid && (relationKind === "v" || relationKind === "m"),
  );
  if (!cascade || !views) return { columns: null, effects };
  if (!relationKinds.has(kind) && kind !== "OBJECT_SCHEMA")
    return { columns: null, effects, opaque: "DROP … CASCADE where views may depend" };
  cascadeFrom(begin, context);
  return { columns: null, effects };
}

/** RENAME and SET SCHEMA take a classified column from under the name that config gives it. */
export function moveObject(kind: string, fields: Fields, context: Context): Told {
  const { asked, classification } = context;
  const written = fields["relation"];
  if (written !== undefined) {
    const name = record(written);
    const parts = [text(name["schemaname"]), text(name["relname"])].filter((part) => part !== "");
    const relation = context.names.findRelation(nameOf(parts));
    if (!relation) {
      // An index, perhaps: it is no resource.
      asked.act("alter", asked.resources.connection(), kind);
      return { columns: null, effects: defined };
    }
    alter(relation, context);
    const column = kind === "OBJECT_COLUMN" ? text(fields["subname"]) : null;
    const moved =
      column === null
        ? classification.ofRelation(relation, true)
        : classification.of(relation, column, true);
    if (kind !== "OBJECT_TABCONSTRAINT") context.keep(moved, "move");
    return { columns: null, effects: defined };
  }
  if (kind === "OBJECT_SCHEMA") {
    const schema = text(fields["subname"]);
    asked.act("alter", asked.resources.schema(schema));
    for (const id of classification.all) {
      const column = classification.column(id);
      const relation = column && context.catalog.relations.get(column.relation);
      if (relation?.schema === schema) context.keep([id], "move");
    }
    return { columns: null, effects: definedNames };
  }
  const object = fields["object"];
  const resource =
    object === undefined
      ? asked.resources.connection()
      : objectResource(kind, object, false, "relation", context).resource;
  asked.act("alter", resource, resource.type === "Connection" ? kind : undefined);
  return { columns: null, effects: definedNames };
}

/** COMMENT, SECURITY LABEL and ALTER … OWNER. */
export function alterObject(kind: string, fields: Fields, context: Context): Told {
  const object = fields["object"];
  if (object === undefined) throw new Opaque("a malformed parse tree");
  const { resource } = objectResource(kind, object, false, "relation", context);
  context.asked.act("alter", resource, resource.type === "Connection" ? kind : undefined);
  return { columns: null, effects: defined };
}

/** GRANT and REVOKE of rights on objects. */
export function grantStatement(fields: Fields, context: Context): Told {
  const { asked } = context;
  const kind = text(fields["objtype"]);
  const objects = fields["targtype"] === "ACL_TARGET_OBJECT" ? list(fields["objects"]) : [];
  for (const object of objects) {
    const { kind: form, fields: inner } = node(object);
    if (form === "RangeVar") {
      const relation = commandRelation(inner, context);
      asked.act("grant", asked.resources.table(relation));
    } else if (kind === "OBJECT_SCHEMA" || functionKinds.has(kind)) {
      asked.act("grant", objectResource(kind, object, true, "relation", context).resource);
    } else asked.act("grant", asked.resources.connection(), kind);
  }
  if (fields["targtype"] === "ACL_TARGET_ALL_IN_SCHEMA") {
    for (const object of list(fields["objects"])) {
      asked.act("grant", asked.resources.schema(text(only(object, "String")["sval"])));
    }
  } else if (objects.length === 0) asked.act("grant", asked.resources.connection(), kind);
  return { columns: null, effects: defined };
}
