import type { Told } from "./analyse.ts";
import { castTo } from "./casts.ts";
import type { Column, Relation } from "./catalog.ts";
import { columnNamed } from "./assignments.ts";
import type { Context } from "./context.ts";
import { alter, defined, foreignKey, partitionBound } from "./ddl-tables.ts";
import { cascadeFrom, relationAsDependable } from "./dependents.ts";
import { evaluate } from "./expressions.ts";
import { alteredRelation, commandRelation } from "./from.ts";
import { firstMadeColumn } from "./made-relations.ts";
import { Unresolved } from "./outcome.ts";
import { family, openRelation, relationEntry } from "./relations.ts";
import { Scope, type ScopeColumn } from "./scope.ts";
import { known, knownFields, list, only, record, strings, text, type Fields } from "./tree.ts";
import { namedType, serialType } from "./types.ts";
import { plain, type Value } from "./value.ts";
import { reachDefault, reachInput } from "./type-inputs.ts";

/** Commands that neither compute over rows nor move a classified column from under its name. */
const plainCommands = new Set(
  `AT_DropConstraint AT_DropNotNull AT_ChangeOwner AT_SetStatistics AT_SetStorage AT_SetCompression
   AT_SetOptions AT_ResetOptions AT_SetRelOptions AT_ResetRelOptions AT_ReplaceRelOptions AT_ClusterOn AT_DropCluster
   AT_SetLogged AT_SetUnLogged AT_SetTableSpace AT_ReplicaIdentity AT_EnableTrig AT_EnableAlwaysTrig
   AT_EnableReplicaTrig AT_DisableTrig AT_EnableTrigAll AT_DisableTrigAll AT_EnableTrigUser AT_DisableTrigUser
   AT_EnableRule AT_DisableRule AT_EnableRowSecurity AT_DisableRowSecurity AT_ForceRowSecurity
   AT_NoForceRowSecurity AT_AddIdentity AT_SetIdentity AT_DropIdentity`.split(/\s+/),
);

/** ALTER TABLE; what computes over rows is opaque besides. */
export function alterTable(fields: Fields, context: Context): Told {
  known(fields, "AlterTableStmt", knownFields("relation", "cmds", "objtype", "missing_ok"));
  if (
    !["OBJECT_TABLE", "OBJECT_SEQUENCE", "OBJECT_VIEW", "OBJECT_MATVIEW"].includes(
      text(fields["objtype"]),
    )
  ) {
    context.asked.act("alter", context.asked.resources.connection(), text(fields["objtype"]));
    return { columns: null, effects: defined, opaque: `ALTER of a ${text(fields["objtype"])}` };
  }
  const written = record(fields["relation"]);
  const relation = alteredRelation(written, fields, context);
  alter(relation, context, written["inh"] === true);
  let opaque: string | undefined;
  const commands = list(fields["cmds"]).map((item) => only(item, "AlterTableCmd"));
  const grown = withAdded(relation, commands, context);
  for (const command of commands) {
    const behind = behindAdded.has(text(command["subtype"]));
    opaque ??= alterCommand(command, behind ? grown : relation, context);
  }
  return { columns: null, effects: defined, ...(opaque === undefined ? {} : { opaque }) };
}

/** What PostgreSQL does when it has added the columns of the same ALTER, wherever in that they stand. */
const behindAdded = new Set(["AT_AddConstraint", "AT_ColumnDefault", "AT_SetNotNull"]);

function withAdded(relation: Relation, commands: readonly Fields[], context: Context): Relation {
  const adding = commands.filter(({ subtype }) => subtype === "AT_AddColumn");
  if (adding.length === 0 || adding.length === commands.length) return relation;
  const added = adding.map((command): Column => {
    const { colname, typeName } = only(command["def"], "ColumnDef");
    return {
      attnum: firstMadeColumn,
      name: text(colname),
      typeOid: serialType(typeName) ?? namedType(typeName, context).type.oid,
      typmod: -1,
      notNull: false,
      generated: "",
      default: null,
    };
  });
  const names = new Set(relation.columns.map(({ name }) => name));
  return {
    ...relation,
    columns: [...relation.columns, ...added.filter(({ name }) => !names.has(name))],
  };
}

/** Of an expression that is kept: PostgreSQL does not say where in the text it names what is not there. */
function evaluateUnplaced(expression: unknown, scope: Scope, context: Context): Value {
  try {
    return evaluate(expression, scope, context);
  } catch (error) {
    if (!(error instanceof Unresolved)) throw error;
    throw new Unresolved(error.sqlstate, error.message, -1, error.hint);
  }
}

function alterCommand(command: Fields, relation: Relation, context: Context): string | undefined {
  const subtype = text(command["subtype"]);
  if (subtype === "AT_DropColumn") {
    dropColumn(command, relation, context);
    return undefined;
  }
  if (command["behavior"] === "DROP_CASCADE" && subtype.startsWith("AT_Drop"))
    return "ALTER TABLE … CASCADE, which takes what depends";
  if (plainCommands.has(subtype)) return undefined;
  switch (subtype) {
    case "AT_AddColumn":
      return addColumn(only(command["def"], "ColumnDef"), relation, context);
    case "AT_AlterColumnType":
      alterType(text(command["name"]), only(command["def"], "ColumnDef"), relation, context);
      return undefined;
    case "AT_ColumnDefault": {
      // A default that is a literal is read at once.
      const column = columnNamed(relation, text(command["name"]), -1);
      if (command["def"] !== undefined) {
        reachInput(context, column.typeOid);
        evaluateUnplaced(command["def"], new Scope(null, new Map()), context);
      }
      return undefined;
    }
    case "AT_SetExpression":
      generate(command["def"], relation, null, context);
      return undefined;
    case "AT_ValidateConstraint":
      rewritten(relation, context);
      context.decide(context.classification.ofRelation(relation, true), "alteration");
      return undefined;
    case "AT_AttachPartition":
      attach(only(command["def"], "PartitionCmd"), relation, context);
      return undefined;
    case "AT_AddInherit":
      // By name, each side's classification is the other's from now on.
      alter(commandRelation(only(command["def"], "RangeVar"), context), context, false);
      return undefined;
    case "AT_SetNotNull":
      context.decide(
        context.classification.of(relation, text(command["name"]), true),
        "alteration",
      );
      return undefined;
    case "AT_AddConstraint":
      return addConstraint(only(command["def"], "Constraint"), relation, context);
    case "AT_DetachPartition":
    case "AT_DropInherit":
      // The other table's columns lose the classification that they have from this one.
      context.keep(context.classification.ofRelation(relation, true), "move");
      return undefined;
    default:
      return `ALTER TABLE with ${subtype.replace(/^AT_/, "")}`;
  }
}

/** A child keeps a column that is its own too, without the classification that it had from its parent. */
function dropColumn(command: Fields, relation: Relation, context: Context): void {
  const column = relation.columns.find(({ name }) => name === text(command["name"]));
  if (!column) return;
  if (relation.children.length > 0)
    context.keep(context.classification.of(relation, column.name, true), "move");
  if (command["behavior"] !== "DROP_CASCADE") return;
  const gone = family(relation, true, context).flatMap((one) =>
    one.columns
      .filter(({ name }) => name === column.name)
      .map(({ attnum }) => relationAsDependable(one.oid, attnum)),
  );
  cascadeFrom(gone, context);
}

/** Everything that is computed over rows is computed again when they are written anew. */
function rewritten(relation: Relation, context: Context): void {
  for (const one of family(relation, true, context)) {
    context.reachRelation(one);
    for (const column of one.columns)
      if (column.generated !== "" && column.default)
        context.reachExpression(column.default, "stored");
  }
}

/** The table's own columns, and the one that is being added. */
function ownScope(relation: Relation, added: ScopeColumn | null, context: Context): Scope {
  const entry = relationEntry(relation, true, context);
  const columns = added ? [...entry.columns, added] : entry.columns;
  const own = { ...entry, columns, used: () => openRelation(relation, true, context) };
  const scope = new Scope(null, new Map());
  scope.add({ named: [own], columns: [own] });
  return scope;
}

/** A generated column stores what its expression computes; its sources stay its classification. */
function generate(
  expression: unknown,
  relation: Relation,
  added: ScopeColumn | null,
  context: Context,
): void {
  const { columns } = evaluateUnplaced(expression, ownScope(relation, added, context), context);
  context.keep(columns, "store");
  rewritten(relation, context);
}

/** Every value is cast, or computed by USING from the row, and stored. */
function alterType(name: string, definition: Fields, relation: Relation, context: Context): void {
  columnNamed(relation, name, -1);
  const target = namedType(definition["typeName"], context);
  const using = definition["raw_default"] ?? {
    ColumnRef: { fields: [{ String: { sval: name } }] },
  };
  const value = evaluate(using, ownScope(relation, null, context), context);
  const cast = castTo(context, value, target.type, target.modified);
  context.keep(cast.columns, "store");
  rewritten(relation, context);
}

/** The rows are compared with the bounds, those of the default partition too. */
function attach(command: Fields, relation: Relation, context: Context): void {
  const child = commandRelation(record(command["name"]), context);
  alter(child, context);
  if (command["bound"] !== undefined) partitionBound(command["bound"], context);
  for (const one of [relation, child]) {
    rewritten(one, context);
    context.decide(context.classification.ofRelation(one, true), "alteration");
  }
}

function addColumn(definition: Fields, relation: Relation, context: Context): string | undefined {
  const { type } = namedType(definition["typeName"], context);
  const added = { name: text(definition["colname"]), value: plain(type.oid) };
  reachInput(context, type.oid);
  reachDefault({ typeOid: type.oid, default: null }, context);
  for (const item of list(definition["constraints"])) {
    const constraint = only(item, "Constraint");
    switch (text(constraint["contype"])) {
      case "CONSTR_NULL":
      case "CONSTR_NOTNULL":
      case "CONSTR_UNIQUE":
      case "CONSTR_PRIMARY":
      case "CONSTR_IDENTITY":
        break;
      case "CONSTR_DEFAULT":
        // The rows that are there have its value from now on, which pg_attribute shows too.
        context.keep(
          evaluateUnplaced(constraint["raw_expr"], new Scope(null, new Map()), context).columns,
          "store",
        );
        break;
      case "CONSTR_FOREIGN":
        foreignKey(constraint, context);
        break;
      case "CONSTR_CHECK": {
        const scope = ownScope(relation, added, context);
        const checked = evaluateUnplaced(constraint["raw_expr"], scope, context);
        context.decide(checked.columns, "alteration");
        break;
      }
      case "CONSTR_GENERATED":
        generate(constraint["raw_expr"], relation, added, context);
        break;
      default:
        return `a new column with ${text(constraint["contype"])}`;
    }
  }
  return undefined;
}

function addConstraint(
  constraint: Fields,
  relation: Relation,
  context: Context,
): string | undefined {
  switch (text(constraint["contype"])) {
    case "CONSTR_FOREIGN":
      foreignKey(constraint, context);
      for (const name of strings(constraint["fk_attrs"])) {
        context.decide(context.classification.of(relation, name, true), "alteration");
      }
      return undefined;
    case "CONSTR_CHECK": {
      const scope = ownScope(relation, null, context);
      const checked = evaluateUnplaced(constraint["raw_expr"], scope, context);
      context.decide(checked.columns, "alteration");
      return undefined;
    }
    case "CONSTR_UNIQUE":
    case "CONSTR_PRIMARY":
    case "CONSTR_NOTNULL":
      for (const name of strings(constraint["keys"])) {
        context.decide(context.classification.of(relation, name, true), "alteration");
      }
      if (constraint["indexname"] !== undefined)
        context.decide(context.classification.ofRelation(relation, true), "alteration");
      return undefined;
    default:
      return `a constraint of kind ${text(constraint["contype"])}`;
  }
}
