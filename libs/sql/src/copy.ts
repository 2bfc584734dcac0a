import type { Told } from "./analyse.ts";
import type { Effects } from "./analysis.ts";
import { commonTables } from "./common-tables.ts";
import type { Context } from "./context.ts";
import { attnumsOf, change, reachDefaults, revealInserted } from "./effects.ts";
import { evaluate } from "./expressions.ts";
import { commandRelation } from "./from.ts";
import { Opaque } from "./outcome.ts";
import { openRelation, relationEntry } from "./relations.ts";
import { Scope, type ScopeColumn } from "./scope.ts";
import { query } from "./select.ts";
import {
  integer,
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
import { plain, union } from "./value.ts";
import { columnNamed } from "./assignments.ts";
import { writeStatement } from "./writes.ts";

type Copy = NonNullable<Effects["copy"]>;

const copyFields = knownFields(
  "relation",
  "query",
  "attlist",
  "is_from",
  "is_program",
  "filename",
  "options",
  "whereClause",
);

/** COPY, to and from the client, a server's file or a program. */
export function copyStatement(fields: Fields, context: Context): Told {
  known(fields, "CopyStmt", copyFields);
  const incoming = fields["is_from"] === true;
  const copy: Copy = { direction: incoming ? "in" : "out", ...copyOptions(fields["options"]) };
  const place = placeOf(fields);
  if (place)
    context.asked.act(place, context.asked.resources.connection(), text(fields["filename"]));
  const effects: Effects = { ddl: false, names: false, ...(place ? {} : { copy }) };
  if (incoming) {
    copyIn(fields, context);
    return { columns: null, effects };
  }
  const columns =
    fields["query"] === undefined
      ? tableColumns(fields, context)
      : queryColumns(fields["query"], context);
  if (!place) return { columns, effects };
  context.keep(union(...columns.map(({ value }) => value.columns)), "file");
  return { columns: null, effects };
}

function placeOf(fields: Fields): "program" | "server-file" | null {
  if (fields["is_program"] === true) return "program";
  return fields["filename"] === undefined ? null : "server-file";
}

function optionValue(value: unknown): string {
  if (value === undefined) return "true";
  const { kind, fields } = node(value);
  switch (kind) {
    case "String":
      return text(fields["sval"]);
    case "Integer":
      return String(integer(fields["ival"]));
    case "Boolean":
      return fields["boolval"] === true ? "true" : "false";
    case "A_Star":
      return "*";
    case "List":
      return strings(fields["items"]).join(",");
    default:
      throw new Opaque("a COPY option of unknown form");
  }
}

function copyOptions(options: unknown): { format: Copy["format"]; options: Copy["options"] } {
  const found: Record<string, string> = {};
  for (const item of list(options)) {
    const option = only(item, "DefElem");
    found[text(option["defname"])] = optionValue(option["arg"]);
  }
  const encoding = found["encoding"];
  if (encoding !== undefined && !/^utf-?8$/i.test(encoding))
    throw new Opaque("COPY with another encoding");
  const format = found["format"] ?? "text";
  if (format !== "text" && format !== "csv" && format !== "binary") {
    throw new Opaque(`COPY in format ${format}`);
  }
  delete found["format"];
  return { format, options: found };
}

/** COPY of a table reads that table alone, not its children. */
function tableColumns(fields: Fields, context: Context): readonly ScopeColumn[] {
  const relation = commandRelation(record(fields["relation"]), context);
  openRelation(relation, false, context);
  const { columns } = relationEntry(relation, false, context);
  const named = strings(fields["attlist"]);
  const stored = relation.columns.filter(({ generated }) => generated === "");
  const names = named.length > 0 ? named : stored.map(({ name }) => name);
  return names.map((name) => {
    const { attnum } = columnNamed(relation, name, -1);
    const column = columns[relation.columns.findIndex((other) => other.attnum === attnum)];
    if (!column) throw new Opaque("a malformed catalog");
    context.see(column.value.columns);
    return column;
  });
}

function queryColumns(value: unknown, context: Context): readonly ScopeColumn[] {
  const { kind, fields } = node(value);
  if (kind === "SelectStmt") return query(value, null, context);
  const scope = new Scope(null, commonTables(undefined, null, context));
  return writeStatement(kind, fields, scope, context) ?? [];
}

function copyIn(fields: Fields, context: Context): void {
  const relation = commandRelation(record(fields["relation"]), context);
  const named = strings(fields["attlist"]).map((name) => columnNamed(relation, name, -1));
  const columns = named.length > 0 ? named : relation.columns;
  // What comes in is read by the types' input functions; a domain's may call more.
  reachDefaults(relation, attnumsOf(relation.columns), context);
  change("insert", relation, { children: true, where: false, columns: [] }, context);
  revealInserted(relation, columns, context);
  if (fields["whereClause"] === undefined) return;
  const scope = new Scope(null, new Map());
  const entry = {
    name: relation.name,
    schema: relation.schema,
    relation,
    columns: columns.map(({ name, typeOid }) => ({ name, value: plain(typeOid) })),
  };
  scope.add({ named: [entry], columns: [entry] });
  evaluate(fields["whereClause"], scope, context);
}
