import { firstUserOid, type Catalog, type Column, type Relation } from "./catalog.ts";
import type { Context } from "./context.ts";
import { commandRelation } from "./from.ts";
import { foreignKeyOf } from "./made-keys.ts";
import { firstMadeColumn, withRelations } from "./made-relations.ts";
import { Opaque } from "./outcome.ts";
import { plainColumn, plainDefault } from "./plain-columns.ts";
import { isKeptElsewhere, isNamedWithin } from "./stored-uses.ts";
import { list, only, record, strings, text, type Fields } from "./tree.ts";
import { namedType, serialType } from "./types.ts";

/** The table as the commands so far leave it, and others that they change, by oid. */
interface Altered {
  readonly table: Relation;
  readonly others: ReadonlyMap<number, Relation>;
}

/**
 * The catalog behind ALTER TABLE, of a table that has no kin; null where it is not known exactly. A table of which
 * something is not known that touches nothing else is not to be looked at any more, as if another transaction were
 * changing it. A constraint that is dropped stays, because no one knows which it was: what follows asks for it, too.
 */
export function afterAlterTable(fields: Fields, context: Context): Catalog | null {
  if (text(fields["objtype"]) !== "OBJECT_TABLE" || fields["missing_ok"] === true) return null;
  const relation = loneTable(record(fields["relation"]), context);
  if (!relation) return null;
  const commands = list(fields["cmds"]).map((item) => only(item, "AlterTableCmd"));
  // PostgreSQL refuses that many, and each is compared with those before it.
  if (commands.length >= firstMadeColumn) return null;
  let altered: Altered | null = { table: relation, others: new Map() };
  for (const command of commands.toSorted((a, b) => passOf(a) - passOf(b))) {
    altered = afterCommand(command, altered, context);
    if (!altered) return null;
  }
  const { table, others } = altered;
  if (table === relation && others.size === 0) return context.catalog;
  const drops = commands.some(({ subtype }) => subtype === "AT_DropColumn");
  const sequences = drops ? sequencesBeside(table, context.catalog) : [];
  return withRelations(context.catalog, [table, ...others.values(), ...sequences], []);
}

/** A column's own sequence goes with it, is in the schema of its table, and could be any there. */
const sequencesBeside = ({ schema }: Relation, catalog: Catalog): readonly Relation[] =>
  [...catalog.relations.values()]
    .filter((one) => one.kind === "S" && one.schema === schema && !one.unread)
    .map((one) => ({ ...one, unread: true }));

/** Null when it has kin, or when what ran may have changed anything. */
export function loneTable(written: Fields, context: Context): Relation | null {
  if (context.executes || context.untraced || context.changesNames) return null;
  const relation = commandRelation(written, context);
  const { kind, children, parents } = relation;
  return kind === "r" && children.length === 0 && parents.length === 0 ? relation : null;
}

/** The order in which PostgreSQL does them, whatever that of the text is. */
function passOf(command: Fields): number {
  const subtype = text(command["subtype"]);
  if (subtype.startsWith("AT_Drop")) return 0;
  if (subtype === "AT_ColumnDefault") return command["def"] === undefined ? 0 : 3;
  if (subtype === "AT_AlterColumnType") return 1;
  return subtype === "AT_AddColumn" ? 2 : 3;
}

const unread = ({ table, others }: Altered): Altered => ({
  table: { ...table, unread: true },
  others,
});

function afterCommand(command: Fields, before: Altered, context: Context): Altered | null {
  const name = text(command["name"]);
  switch (text(command["subtype"])) {
    case "AT_AddColumn":
      return withColumn(command, before, context);
    case "AT_DropColumn":
      return withoutColumn(command, before, context);
    case "AT_AlterColumnType":
      return withType(name, only(command["def"], "ColumnDef"), before, context);
    case "AT_ColumnDefault":
      return withDefault(name, command["def"], before, context);
    case "AT_SetNotNull":
    case "AT_DropNotNull": {
      const notNull = text(command["subtype"]) === "AT_SetNotNull";
      return withChanged(name, (column) => ({ ...column, notNull }), before);
    }
    case "AT_AddConstraint":
      return withConstraint(only(command["def"], "Constraint"), before, context);
    case "AT_DropConstraint":
      return command["behavior"] === "DROP_CASCADE" ? null : before;
    case "AT_ValidateConstraint":
    case "AT_ChangeOwner":
    case "AT_SetStatistics":
    case "AT_SetStorage":
    case "AT_SetCompression":
      return before;
    case "AT_SetRelOptions":
    case "AT_ResetRelOptions":
    case "AT_EnableTrig":
    case "AT_DisableTrig":
    case "AT_EnableTrigUser":
    case "AT_DisableTrigUser":
    case "AT_EnableRowSecurity":
    case "AT_DisableRowSecurity":
    case "AT_ForceRowSecurity":
    case "AT_NoForceRowSecurity":
      return unread(before);
    default:
      return null;
  }
}

function withChanged(
  name: string,
  change: (column: Column) => Column,
  { table, others }: Altered,
): Altered | null {
  if (!table.columns.some((column) => column.name === name)) return null;
  const columns = table.columns.map((column) => (column.name === name ? change(column) : column));
  return { table: { ...table, columns }, others };
}

const has = (definition: Fields, contype: string): boolean =>
  list(definition["constraints"]).some((item) => only(item, "Constraint")["contype"] === contype);

const makesSequence = (definition: Fields): boolean =>
  serialType(definition["typeName"]) !== null || has(definition, "CONSTR_IDENTITY");

function withColumn(command: Fields, before: Altered, context: Context): Altered | null {
  const definition = only(command["def"], "ColumnDef");
  const { table } = before;
  // Where it is not there, another session may be adding it with another type.
  if (command["missing_ok"] === true)
    return table.columns.some(({ name }) => name === text(definition["colname"])) ? before : null;
  if (makesSequence(definition)) return null;
  const last = Math.max(0, ...table.columns.map(({ attnum }) => attnum));
  const attnum = Math.max(firstMadeColumn, last + 1);
  const made = plainly(() => plainColumn(definition, attnum, table.name, context));
  if (!made) return has(definition, "CONSTR_FOREIGN") ? null : unread(before);
  if (table.columns.some(({ name }) => name === made.column.name)) return null;
  const unique = made.unique ? [...table.unique, [attnum]] : table.unique;
  const indexed = [...new Set([...table.indexed, ...unique.flat()])];
  const columns = [...table.columns, made.column];
  let altered: Altered = { ...before, table: { ...table, columns, unique, indexed } };
  for (const key of made.keys) {
    const referring = withReference(key, [attnum], altered, context);
    if (!referring) return null;
    altered = referring;
  }
  return altered;
}

/** Null for what would have to be computed. */
function plainly<T>(read: () => T): T | null {
  try {
    return read();
  } catch (error) {
    if (error instanceof Opaque) return null;
    throw error;
  }
}

/** With the column go its keys and indexes. */
function withoutColumn(command: Fields, { table, others }: Altered, context: Context) {
  const { catalog } = context;
  const column = table.columns.find(({ name }) => name === text(command["name"]));
  if (!column) return command["missing_ok"] === true ? { table, others } : null;
  if (command["behavior"] === "DROP_CASCADE") return null;
  if (isKeptElsewhere(catalog, table) || isNamedWithin(table, column)) return null;
  const stays = (attnums: readonly number[]): boolean => !attnums.includes(column.attnum);
  const changed = new Map(others);
  for (const { to, referencing } of table.references) {
    const target = changed.get(to) ?? catalog.relations.get(to);
    if (stays(referencing) || to === table.oid || !target) continue;
    const referencedBy = target.referencedBy.filter(
      (key) => key.from !== table.oid || stays(key.referencing),
    );
    changed.set(to, { ...target, referencedBy });
  }
  const left: Relation = {
    ...table,
    columns: table.columns.filter((one) => one !== column),
    unique: table.unique.filter(stays),
    excluding: table.excluding.filter(({ columns }) => stays(columns)),
    indexed: table.indexed.filter((attnum) => attnum !== column.attnum),
    references: table.references.filter(({ referencing }) => stays(referencing)),
    referencedBy: table.referencedBy.filter(
      (key) => key.from !== table.oid || stays(key.referencing),
    ),
  };
  return { table: left, others: changed };
}

function withType(
  name: string,
  definition: Fields,
  before: Altered,
  context: Context,
): Altered | null {
  const { table } = before;
  const column = table.columns.find((one) => one.name === name);
  if (!column || isKeptElsewhere(context.catalog, table) || isNamedWithin(table, column))
    return null;
  const typeOid = namedType(definition["typeName"], context).type.oid;
  // Its default is cast from now on.
  const casts = column.default !== null && context.catalog.userCastTo(typeOid);
  if (typeOid >= firstUserOid || column.generated !== "" || casts) return unread(before);
  return withChanged(name, (one) => ({ ...one, typeOid, typmod: -1 }), before);
}

function withDefault(
  name: string,
  expression: unknown,
  before: Altered,
  context: Context,
): Altered | null {
  if (expression === undefined)
    return withChanged(name, (column) => ({ ...column, default: null }), before);
  const column = before.table.columns.find((one) => one.name === name);
  if (!column || column.generated !== "") return null;
  const fallback = plainly(() => plainDefault(expression, context));
  if (fallback === null || column.typeOid >= firstUserOid) return unread(before);
  if (context.catalog.userCastTo(column.typeOid)) return unread(before);
  return withChanged(name, (one) => ({ ...one, default: fallback }), before);
}

function withConstraint(constraint: Fields, before: Altered, context: Context): Altered | null {
  const { table } = before;
  const named = (key: string): number[] | null => {
    const found = strings(constraint[key]).map(
      (name) => table.columns.find((one) => one.name === name)?.attnum,
    );
    const known = found.filter((attnum) => attnum !== undefined);
    return known.length === found.length ? known : null;
  };
  switch (text(constraint["contype"])) {
    case "CONSTR_PRIMARY":
    case "CONSTR_UNIQUE": {
      const keys = named("keys");
      if (constraint["indexname"] !== undefined) return unread(before);
      if (!keys || keys.length === 0) return null;
      const unique = [...table.unique, keys];
      const indexed = [...new Set([...table.indexed, ...keys])];
      const primary = constraint["contype"] === "CONSTR_PRIMARY";
      const columns = table.columns.map((one) =>
        primary && keys.includes(one.attnum) ? { ...one, notNull: true } : one,
      );
      return { ...before, table: { ...table, unique, indexed, columns } };
    }
    case "CONSTR_FOREIGN": {
      const referring = named("fk_attrs");
      return referring ? withReference(constraint, referring, before, context) : null;
    }
    case "CONSTR_CHECK":
    case "CONSTR_NOTNULL":
      return unread(before);
    default:
      return null;
  }
}

function withReference(
  key: Fields,
  referring: readonly number[],
  { table, others }: Altered,
  context: Context,
): Altered | null {
  const { key: reference, target } = foreignKeyOf(key, referring, table.oid, context);
  if (target.oid === table.oid || others.has(target.oid)) return null;
  return {
    table: { ...table, references: [...table.references, reference] },
    others: new Map([...others, [target.oid, target]]),
  };
}
