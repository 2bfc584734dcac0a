import type {
  Analysis,
  Effects,
  Output,
  Statement,
  TextForm,
  TransactionEffect,
} from "./analysis.ts";
import { afterDdl } from "./after-ddl.ts";
import type { Catalog } from "./catalog.ts";
import {
  classification,
  classificationAfter,
  type Classification,
  type Classified,
} from "./classification.ts";
import { baseOf } from "./coercion.ts";
import { Context } from "./context.ts";
import { changedIn, firstMadeOid, isMadeHere } from "./made-relations.ts";
import { namesOf, type NameContext, type Names } from "./names.ts";
import { Asked, resourcesOf, unite, type Resources } from "./operations.ts";
import { Forbidden, Opaque, TooComplex, Unresolved } from "./outcome.ts";
import { placeOf } from "./places.ts";
import type { ScopeColumn } from "./scope.ts";
import { readStatement } from "./statements.ts";
import { NamesBehind, noNames, type Naming, type SessionNames } from "./session-names.ts";
import { leavesFailed } from "./transactions.ts";
import { fieldsIn, integer, isFields, node, type Fields } from "./tree.ts";
import { applies } from "./rules.ts";
import { askSettings } from "./secret-settings.ts";
import { reachInput } from "./type-inputs.ts";

type Analysed = Extract<Analysis, { kind: "analysed" }>;

export interface Subject {
  /** The connection's name, with which every resource id begins. */
  readonly connection: string;
  readonly catalog: Catalog;
  readonly names: NameContext;
  readonly classified: Classified;
  /** The text that was parsed, for positions in errors. */
  readonly text: string;
  /** Type oids that Parse gave its parameters; 0 or absent: unspecified. */
  readonly parameterTypes?: readonly number[];
  /** Why the catalog or names are not what they were (DDL in this transaction): statements that need them are opaque. */
  readonly unsettled?: string;
  /** What names that SQL gave (PREPARE, DECLARE) stand for; absent: none is known. */
  readonly session?: SessionNames;
  /** Its EXECUTE stands for a Bind of the protocol, whose parameters are not in the text. */
  readonly bound?: boolean;
  /** The open transaction has changed search_path or role, so its end changes them (or back). */
  readonly fragileNames?: boolean;
  /**
   * Called as each statement is begun. What it gives is asked now and then: once it is true, the text is refused as too
   * complex. Absent: never.
   */
  readonly patience?: () => () => boolean;
}

/** What of a parse tree is analysed; statements are taken one after the other. */
export interface AnalysedTree {
  readonly stmts: Iterable<Fields> & { readonly length: number };
}

/**
 * What a text asks. Depends on nothing but its arguments, so that answers can be remembered by text,
 * catalog, names, classification and parameter types. Never throws.
 */
export function analyse(tree: AnalysedTree, subject: Subject): Analysis {
  const steps = analysing(tree, subject);
  for (;;) {
    const step = steps.next();
    if (step.done) return step.value;
  }
}

/** The same, a statement a step. */
export function* analysing(tree: AnalysedTree, subject: Subject): Generator<void, Analysis> {
  let form = noForm;
  try {
    form = formOf(tree, subject.text);
    return { form, ...(yield* analyseText(tree, subject)) };
  } catch (error) {
    if (error instanceof Unresolved) {
      return {
        form,
        kind: "unresolved",
        sqlstate: error.sqlstate,
        message: error.message,
        position: characterPosition(subject.text, error.location),
        ...(error.hint !== undefined && { hint: error.hint }),
      };
    }
    if (error instanceof Forbidden)
      return { form, kind: "refused", sqlstate: "0A000", message: error.message };
    if (error instanceof TooComplex)
      return { form, kind: "refused", sqlstate: "54001", message: error.message };
    const message = "the statement cannot be analysed";
    return { form, kind: "refused", sqlstate: "54001", message };
  }
}

/** From a byte offset to a character position from 1, as PostgreSQL's P field counts. */
function characterPosition(text: string, location: number): number {
  if (location < 0) return 0;
  const before = Buffer.from(text, "utf8").subarray(0, location).toString("utf8");
  return Array.from(before).length + 1;
}

const transactionEnds: ReadonlySet<TransactionEffect> = new Set([
  "commit",
  "rollback",
  "rollback-to",
  "prepare",
  "constraints",
]);

const doubted: readonly Naming[] = [{ kind: "doubt" }];

const quiet: Effects = { ddl: false, names: false };

const noForm: TextForm = { statements: 0, takenWhenFailed: true, place: null, parameters: 0 };

function formOf({ stmts }: AnalysedTree, text: string): TextForm {
  const [first] = stmts;
  return first
    ? {
        statements: stmts.length,
        takenWhenFailed: leavesFailed(first["stmt"]),
        place: placeOf(first["stmt"]),
        parameters: text.includes("$") ? highestParameter(first) : 0,
      }
    : noForm;
}

function highestParameter(tree: unknown): number {
  let highest = 0;
  for (const { ParamRef } of fieldsIn(tree))
    if (isFields(ParamRef)) highest = Math.max(highest, integer(ParamRef["number"]));
  return highest;
}

/** What takes back DDL that went before in the same text. */
const undoes: ReadonlySet<TransactionEffect> = new Set(["rollback", "rollback-to", "prepare"]);

function knownOf(
  catalog: Catalog,
  { connection, classified, names }: Subject,
  before: Catalog | null = null,
): { readonly known: Classification; readonly resources: Resources; readonly names: Names } {
  const known = before
    ? classificationAfter(catalog, classified, before, changedIn(catalog))
    : classification(catalog, classified);
  const resources = resourcesOf(connection, catalog, known);
  return { known, resources, names: namesOf(catalog, names) };
}

function* analyseText(
  tree: AnalysedTree,
  subject: Subject,
): Generator<void, Omit<Analysed, "form">> {
  let { known, resources, names } = knownOf(subject.catalog, subject);
  let makes = false;
  const made = new Set<string>();
  let unsettled = subject.unsettled ?? null;
  const session = new NamesBehind(subject.session ?? noNames);
  const statements: Statement[] = [];
  for (const { stmt } of tree.stmts) {
    const context = new Context(names, known, new Asked(resources), subject.parameterTypes ?? []);
    context.session = session;
    context.bound = subject.bound === true;
    if (subject.patience) context.endWhen(subject.patience());
    if (statements.length > 0) context.refuseLong();
    const statement = analyseStatement(stmt, context, known, unsettled, made);
    statements.push(statement);
    const { effects } = statement;
    session.add(statement.opaque === null ? (effects.naming ?? []) : doubted);
    const ends = effects.transaction !== undefined && transactionEnds.has(effects.transaction);
    if (ends && subject.fragileNames)
      unsettled ??= "it follows the end of a transaction that changed names";
    if (makes && effects.transaction !== undefined && undoes.has(effects.transaction))
      unsettled ??= "it follows the end of what changed the catalog";
    const after =
      effects.ddl && !effects.names && statement.opaque === null && unsettled === null
        ? afterDdl(stmt, context)
        : null;
    if (after) {
      makes = true;
      if (after !== context.catalog) {
        for (const { oid, schema, name } of changedIn(after))
          if (oid >= firstMadeOid) made.add(resources.namedTable(schema, name).id);
        ({ known, resources, names } = knownOf(after, subject, context.catalog));
      }
    } else if (effects.ddl || statement.opaque !== null)
      unsettled ??= "it follows what may have changed the catalog";
    else if (effects.names) unsettled ??= "it follows what may have changed search_path or role";
    yield;
  }
  return {
    kind: "analysed",
    statements,
    operations: unite(statements.map(({ operations }) => operations)),
    opaque: statements.find((statement) => statement.opaque !== null)?.opaque ?? null,
  };
}

/** What a statement's own kind says about it. */
export interface Told {
  readonly columns: readonly ScopeColumn[] | null;
  /** Its columns, when they were known before; instead of `columns`. */
  readonly outputs?: readonly Output[] | null;
  /** A cursor that it makes. */
  readonly declares?: { readonly name: string; readonly columns: readonly ScopeColumn[] };
  readonly effects?: Effects;
  readonly explain?: { readonly analyze: boolean };
  /** Set when operations were found, but it could do more than they say. */
  readonly opaque?: string;
}

function analyseStatement(
  stmt: unknown,
  context: Context,
  known: Classification,
  unsettled: string | null,
  /** Ids of the tables that the same text has made. */
  made: ReadonlySet<string>,
): Statement {
  const { kind, fields } = node(stmt);
  try {
    // Bind reads its values before anything runs.
    for (const oid of new Set(context.parameterTypes)) reachInput(context, oid);
    const told = readStatement(kind, fields, context, unsettled);
    if (told.opaque !== undefined && applies("unread"))
      return opaqueStatement(kind, told.opaque, context, known, told.effects);
    const shown = told.declares?.columns ?? told.columns;
    const outputs = shown?.map((column) => output(column, context.catalog)) ?? told.outputs ?? null;
    if (outputs !== null && made.size > 0) refuseRowsOf(made, context);
    for (const { value } of shown ?? []) context.asked.use(value.columns, "output");
    askSettings(context);
    const touches = applies("texts") ? [...context.asked.touched].toSorted() : [];
    const declared = told.declares && declares(told.declares.name, outputs ?? [], touches, context);
    // An EXPLAIN without ANALYZE runs nothing: no hold is asked for it.
    const planned = told.explain?.analyze === false && !context.readsWhenPlanned;
    return {
      kind,
      operations: context.asked.operations
        .list()
        .map((operation) => (planned ? { ...operation, planned } : operation)),
      outputs: declared ? null : outputs,
      touches,
      effects: declared ?? told.effects ?? quiet,
      opaque: null,
      ...(told.explain ? { explain: told.explain } : {}),
    };
  } catch (error) {
    if (!(error instanceof Opaque)) throw error;
    if (!applies("unread")) return unreadStatement(kind, context);
    return opaqueStatement(kind, error.message, context, known, { ddl: true, names: true });
  }
}

/** The description of such rows names a table by an oid that nobody knows yet. */
function refuseRowsOf(made: ReadonlySet<string>, { asked }: Context): void {
  if (asked.operations.list().some(({ resource }) => made.has(resource.id)))
    throw new Opaque("rows of what the same text has made");
}

function declares(
  name: string,
  outputs: readonly Output[],
  touches: readonly string[],
  context: Context,
): Effects {
  const cursor = {
    operations: context.asked.operations.list(),
    outputs,
    touches,
    names: new WeakRef(context.names),
    classification: new WeakRef(context.classification),
  };
  const doubts = context.untraced ? doubted : [];
  return {
    ...quiet,
    names: context.changesNames,
    naming: [...doubts, { kind: "declare", name, cursor }],
  };
}

/** What an opaque statement would be without that rule. */
const unreadStatement = (kind: string, context: Context): Statement => ({
  kind,
  operations: context.asked.operations.list(),
  outputs: null,
  touches: [],
  effects: quiet,
  opaque: null,
});

/** INVARIANT: an opaque statement keeps what was found and asks `opaque` besides. */
function opaqueStatement(
  kind: string,
  why: string,
  context: Context,
  known: Classification,
  effects: Effects | undefined,
): Statement {
  context.asked.act("opaque", context.asked.resources.connection(), why);
  return {
    kind,
    operations: context.asked.operations.list(),
    outputs: null,
    touches: known.all,
    effects: effects ?? { ddl: true, names: true },
    opaque: why,
  };
}

/** RowDescription says a domain's base type. */
function output({ name, value }: ScopeColumn, catalog: Catalog): Output {
  const { tableOid, attnum } = value.origin ?? { tableOid: 0, attnum: 0 };
  const [column] = value.columns;
  const shared = { name, typeOid: baseOf(catalog, value.type) };
  if (isMadeHere(tableOid, attnum, shared.typeOid))
    throw new Opaque("rows of what the same text has made");
  if (column === undefined) return { ...shared, kind: "plain", tableOid, attnum };
  if (!value.bare && applies("computed"))
    return { ...shared, kind: "computed", columns: value.columns };
  return { ...shared, kind: "column", column, columns: value.columns, tableOid, attnum };
}
