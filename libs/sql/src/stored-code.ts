import type { Told } from "./analyse.ts";
import { callsMade } from "./calls-made.ts";
import { firstUserOid } from "./catalog.ts";
import type { Context } from "./context.ts";
import { alter, defined, definedNames } from "./ddl-tables.ts";
import { evaluate } from "./expressions.ts";
import { commandRelation } from "./from.ts";
import { nameOf } from "./names.ts";
import { Forbidden, Opaque, Unresolved } from "./outcome.ts";
import { family, openRelation, relationEntry } from "./relations.ts";
import { Scope } from "./scope.ts";
import { knownFields, known, list, only, record, strings, text, type Fields } from "./tree.ts";
import { reachInput } from "./type-inputs.ts";
import { namedType } from "./types.ts";
import { plain, type Value } from "./value.ts";

/** What other people's statements will run. What cannot be read now is not explained: the target says what is wrong with it. */
export function storedCode<T>(read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (error instanceof Unresolved || error instanceof Forbidden) throw new Opaque(error.message);
    throw error;
  }
}

/**
 * CREATE TRIGGER. INVARIANT (I3): its function gets the rows of others, so it asks what running the function asks, and
 * to store every classified column of the table.
 */
export function createTrigger(fields: Fields, context: Context): Told {
  known(
    fields,
    "CreateTrigStmt",
    knownFields(
      "replace",
      "isconstraint",
      "trigname",
      "relation",
      "funcname",
      "args",
      "row",
      "timing",
      "events",
      "columns",
      "whenClause",
      "transitionRels",
      "deferrable",
      "initdeferred",
      "constrrel",
    ),
  );
  const relation = commandRelation(record(fields["relation"]), context);
  alter(relation, context);
  if (fields["constrrel"] !== undefined)
    alter(commandRelation(record(fields["constrrel"]), context), context, false);
  const name = nameOf(strings(fields["funcname"]));
  const func = context.names.functions(name).find((one) => one.arguments.length === 0);
  if (!func) throw new Opaque("a trigger of a function that is not known");
  context.reach([func.oid], "trigger");
  for (const one of family(relation, true, context))
    context.keep(context.classification.ofRelation(one, true), "handed");
  const when = fields["whenClause"];
  if (when !== undefined) {
    if (callsMade(when, context)) throw new Opaque("a trigger whose WHEN calls what people made");
    const entry = relationEntry(relation, true, context);
    const scope = new Scope(null, new Map());
    const rows = ["old", "new"].map((row) => ({ ...entry, name: row, schema: null }));
    scope.add({ named: rows, columns: rows });
    storedCode(() => context.decide(evaluate(when, scope, context).columns, "condition"));
  }
  return { columns: null, effects: defined };
}

/** CREATE and ALTER POLICY: it decides, by the rows that it chooses, what everybody reads and writes. */
export function definePolicy(kind: string, fields: Fields, context: Context): Told {
  known(
    fields,
    kind,
    knownFields("policy_name", "table", "cmd_name", "permissive", "roles", "qual", "with_check"),
  );
  const relation = commandRelation(record(fields["table"]), context);
  if (relation.kind !== "r" && relation.kind !== "p") throw new Opaque("a policy of no table");
  alter(relation, context, false);
  const entry = relationEntry(relation, true, context);
  const own = { ...entry, used: () => openRelation(relation, true, context) };
  const scope = new Scope(null, new Map());
  scope.add({ named: [own], columns: [own] });
  for (const expression of [fields["qual"], fields["with_check"]])
    if (expression !== undefined)
      storedCode(() => context.decide(evaluate(expression, scope, context).columns, "policy"));
  return { columns: null, effects: defined };
}

/** The value that a domain's CHECK is about. */
function checked(value: Value, expression: unknown, context: Context): void {
  const entry = { name: "", schema: null, columns: [{ name: "value", value }], relation: null };
  const scope = new Scope(null, new Map());
  scope.add({ named: [entry], columns: [entry] });
  evaluate(expression, scope, context);
}

/** CHECK and DEFAULT run wherever a value becomes one of the domain: they ask now what they will run. */
function domainConstraint(item: unknown, base: number, context: Context): void {
  const constraint = only(item, "Constraint");
  switch (text(constraint["contype"])) {
    case "CONSTR_NULL":
    case "CONSTR_NOTNULL":
      return;
    case "CONSTR_DEFAULT":
      evaluate(constraint["raw_expr"], new Scope(null, new Map()), context);
      return;
    case "CONSTR_CHECK":
      checked(plain(base), constraint["raw_expr"], context);
      return;
    default:
      throw new Opaque(`a domain with a ${text(constraint["contype"])}`);
  }
}

export function createDomain(fields: Fields, context: Context): Told {
  known(
    fields,
    "CreateDomainStmt",
    knownFields("domainname", "typeName", "collClause", "constraints"),
  );
  context.asked.act("create", context.asked.resources.connection(), "DOMAIN");
  storedCode(() => {
    const { type } = namedType(fields["typeName"], context);
    if (type.oid >= firstUserOid && type.kind !== "d" && type.kind !== "e")
      throw new Opaque("a domain over a type that people made");
    reachInput(context, type.oid);
    for (const item of list(fields["constraints"])) domainConstraint(item, type.oid, context);
  });
  refuseCode(context, "a domain that calls what people made");
  return { columns: null, effects: definedNames };
}

/** ALTER DOMAIN that looks at no value that is there. */
export function alterDomain(fields: Fields, context: Context): Told {
  known(
    fields,
    "AlterDomainStmt",
    knownFields("subtype", "typeName", "name", "def", "behavior", "missing_ok"),
  );
  context.asked.act("alter", context.asked.resources.connection(), "DOMAIN");
  const domain = context.names.type(nameOf(strings(fields["typeName"])));
  if (domain?.kind !== "d") throw new Opaque("a domain that is not known");
  const definition = fields["def"];
  switch (text(fields["subtype"])) {
    case "T":
      if (definition !== undefined)
        storedCode(() => evaluate(definition, new Scope(null, new Map()), context));
      break;
    case "N":
    case "X":
      break;
    case "C":
      if (only(definition, "Constraint")["skip_validation"] !== true)
        throw new Opaque("a constraint of a domain that is compared with all values");
      storedCode(() => domainConstraint(definition, domain.base, context));
      break;
    default:
      throw new Opaque("ALTER DOMAIN that is compared with all values");
  }
  refuseCode(context, "a domain that calls what people made");
  return { columns: null, effects: defined };
}

/**
 * INVARIANT (I3): what a domain's constraint calls is handed every value that becomes one, of whatever column, where no
 * statement names the call: only what provably keeps nothing may be.
 */
function refuseCode(context: Context, why: string): void {
  if (context.asked.operations.list().some(({ action }) => !definitions.has(action)))
    throw new Opaque(why);
}

const definitions: ReadonlySet<string> = new Set(["create", "alter"]);
