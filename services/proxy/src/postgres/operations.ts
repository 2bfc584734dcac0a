import { hash } from "node:crypto";
import type { Operation } from "@sallyport/contracts";
import type {
  Analysis,
  Cursor,
  NameContext,
  SessionNames,
  Statement,
  TextForm,
} from "@sallyport/sql";
import { askedBy } from "./asked.ts";
import { beforeNames, lastWord, type Block } from "./before-names.ts";
import type { Asked, Judged } from "./judged.ts";
import { recall, remember, type Analysed } from "./remembered-readings.ts";
import { asTarget, refusalOf, type Refusal } from "./refusal.ts";
import type { Portal, Prepared } from "./protocol-names.ts";
import type { CommandUnit } from "./statements.ts";
import { asSyntaxError } from "./syntax-refusal.ts";
import type { CatalogView } from "./catalog-view.ts";
import type { Read } from "./read-text.ts";
import { bindOf, parametersOf } from "./unit-parameters.ts";
import { united } from "./united.ts";
import { soleStatement, textOf, textsOf, type UnitText } from "./unit-texts.ts";

/** A command as it goes to the gate, or what is said instead of asking. */
export type Judgement =
  | { readonly kind: "judged"; readonly judged: Judged }
  | { readonly kind: "refused"; readonly refusal: Refusal; readonly text: string }
  /** What is under way decides whether the statement may stand where it does: first its answer is needed. */
  | { readonly kind: "awaits" };

export interface Surroundings {
  readonly view: CatalogView;
  readonly names: NameContext;
  /** Why nothing can be proven at this point of the session, or null: DDL in this transaction, names in doubt. */
  readonly unprovable: string | null;
  /** Also within one query string: what ends a transaction may bring other names back. */
  readonly namesMayReturn: boolean;
  /** What names stand for that SQL may use. */
  readonly session: SessionNames;
  /** Whether a command under way may give or take a name by SQL. */
  readonly isChanging: (of: "statement" | "portal", named: Prepared | Portal) => boolean;
  /** Puts what FETCH of a portal asks under its name. */
  readonly keep: (portal: Portal, cursor: Cursor) => void;
  readonly block: Block;
  /** A ReadyForQuery is owed for all that was sent, so that what is not known of the block can be waited for. */
  readonly owed: boolean;
}

/** So many reasons for which a command is opaque are kept, of a view. */
const mostReasons = 64;

/** A statement that stands only outside a transaction, or only in one, behind what may begin or end one. */
const hangsOnBlock = (forms: readonly TextForm[], { block, owed }: Surroundings): boolean =>
  owed && block === "unknown" && forms.some(({ place }) => place !== null);

/** A unit → its operations, with the target catalog, before the gate. A promise for long texts only. */
export function operationsOf(
  unit: CommandUnit,
  around: Surroundings,
): Judgement | Promise<Judgement> {
  const missing = resolve(unit, around);
  if (missing) return { kind: "refused", refusal: missing, text: textOf(unit) };
  for (const { message, portal } of unit.steps)
    if (message.kind === "bind" && portal)
      portal.bound = { catalog: around.view.ref, names: around.names };
  const sole = soleStatement(unit);
  const known = sole && recall(sole, around);
  if (known && doubtOf(unit, known.analysis.statements, around) === null) {
    const forms = [known.analysis.form];
    if (hangsOnBlock(forms, around)) return { kind: "awaits" };
    const first = beforeNames(unit, forms, around.block);
    const last = lastWord(unit, first, forms, around.isChanging);
    if (last) return { kind: "refused", refusal: last, text: textOf(unit) };
    return judged(unit, around, known.asked(unit.commandKind), first);
  }
  const texts = textsOf(unit);
  if (texts === null) {
    const detail = "nobody knows what the name stands for";
    const calls = unit.commandKind === "function-call";
    const first = calls ? beforeNames(unit, [], around.block) : null;
    const last = lastWord(unit, first, [], around.isChanging);
    if (last) return { kind: "refused", refusal: last, text: textOf(unit) };
    return opaquely(unit, [], around, detail, { opaque: "unknown name" });
  }
  const { unprovable } = around;
  // Code that nobody followed may have changed how string literals are read; the target tells at the next Sync.
  if (unprovable !== null && texts.some(({ text }) => /[\\\u0080-\uffff]/.test(text)))
    return opaquely(unit, [], around, unprovable);
  const analysed = texts.map(({ text, types, session }) =>
    around.view.analyse(
      text,
      around.names,
      types,
      around.unprovable,
      session ?? around.session,
      session !== undefined,
    ),
  );
  if (analysed.some((one) => one instanceof Promise))
    return Promise.all(analysed.map(async (one) => one)).then((all) =>
      conclude(unit, texts, all, around),
    );
  const [only] = analysed;
  if (sole && analysed.length === 1 && only && !(only instanceof Promise))
    remember(sole, around, only);
  return conclude(unit, texts, analysed as Read[], around);
}

/**
 * What SQL has put under names that the protocol uses now; what the target would say where it is certain that nothing
 * is there.
 */
function resolve(unit: CommandUnit, { session }: Surroundings): Refusal | null {
  for (const { prepared, portal } of unit.steps) {
    if (prepared?.text === null) {
      prepared.sql = session.prepared.get(prepared.name) ?? null;
      if (prepared.sql === null && session.complete?.prepared)
        return asTarget("26000", `prepared statement "${prepared.name}" does not exist`);
    }
    if (portal?.bind === null) {
      portal.sql = session.cursors.get(portal.name) ?? null;
      if (portal.sql === null && session.complete?.cursors)
        return asTarget("34000", `portal "${portal.name}" does not exist`);
    }
  }
  return null;
}

function conclude(
  unit: CommandUnit,
  texts: readonly UnitText[],
  analysed: readonly Read[],
  around: Surroundings,
): Judgement {
  const analyses: Analysed[] = [];
  let unresolved: Refusal | null = null;
  const text = texts.map((one) => one.text).join("\n");
  const refused = (refusal: Refusal): Judgement => ({ kind: "refused", refusal, text });
  const forms = analysed.flatMap((one) => (one.kind === "analysed" ? [one.analysis.form] : []));
  if (hangsOnBlock(forms, around)) return { kind: "awaits" };
  const first = beforeNames(unit, forms, around.block);
  for (const one of analysed) {
    switch (one.kind) {
      case "syntax-error":
        return refused(asSyntaxError(one));
      case "failed":
        return refused(refusalOf("statement-too-complex"));
      case "too-much": {
        const { size, limit } = one;
        const code = one.of === "tree" ? "statement-too-long-to-read" : "too-many-statements";
        return refused(refusalOf(code, { size, limit }));
      }
      case "analysed": {
        const { analysis } = one;
        if (analysis.kind === "refused")
          return refused(first ?? asTarget(analysis.sqlstate, analysis.message));
        if (analysis.kind === "analysed") analyses.push(analysis);
        else
          unresolved ??= asTarget(
            analysis.sqlstate,
            analysis.message,
            positionOf(analysis),
            analysis.hint,
          );
      }
    }
  }
  const last = lastWord(unit, first, forms, around.isChanging);
  if (last) return refused(last);
  if (unresolved) {
    const why = unresolved.said.message;
    return opaquely(unit, [], around, why, { unresolved: first ?? unresolved });
  }
  for (const [at, { prepared }] of texts.entries())
    if (prepared && !prepared.sql && !holds(prepared, analysed[at], around))
      prepared.doubtful = true;
  const statements = statementsOf(analyses);
  open(unit, analyses, around);
  const doubt = doubtOf(unit, statements, around);
  if (doubt !== null)
    return opaquely(unit, statements, around, doubt, first ? { unresolved: first } : {});
  const operations = united(analyses);
  const opaque = analyses.find((one) => one.opaque !== null)?.opaque ?? null;
  const kind = unit.commandKind;
  return judged(
    unit,
    around,
    askedBy({ kind, text: textOf(unit), statements, operations, opaque }),
    first,
  );
}

/** A portal that is opened by a name: SQL may FETCH from it. */
function open(
  unit: CommandUnit,
  analyses: readonly Analysed[],
  { view, names, keep }: Surroundings,
): void {
  const [sole] = analyses;
  const [statement, ...others] = sole?.statements ?? [];
  if (!statement || analyses.length > 1 || others.length > 0) return;
  for (const { message, portal } of unit.steps) {
    if (message.kind !== "bind" || !portal || portal.name === "" || portal.statement?.sql) continue;
    const cursor = view.cursor(statement, names);
    if (cursor) keep(portal, cursor);
  }
}

/**
 * INVARIANT (I3): the target plans a prepared statement anew when search_path or what it reads has changed, but not when
 * an object was made that hides one that it reads. So it must ask what it asked whenever it was judged before.
 */
function holds(prepared: Prepared, read: Read | undefined, { view, names }: Surroundings): boolean {
  const { judged: before } = prepared;
  if (before?.catalog === view.ref && before.names === names) return true;
  if (read?.kind !== "analysed" || read.analysis.kind !== "analysed") return true;
  const asks = hashOf(read.analysis);
  prepared.judged = { catalog: view.ref, names, asks };
  return before === undefined || before.asks === asks;
}

/** Of what statements ask, which others share that were read as they were. */
const hashes = new WeakMap<readonly Statement[], string>();

/** Kept by names instead of the analysis, which may take a thousand times as much as a name. */
function hashOf({ operations, statements }: Analysed): string {
  let found = hashes.get(statements);
  if (found === undefined) {
    found = hash("sha256", JSON.stringify([operations, statements.map(feeding)]), "base64");
    hashes.set(statements, found);
  }
  return found;
}

const feeding = ({ outputs }: Statement) =>
  outputs?.map((output) => [output.kind, output.kind === "plain" ? [] : output.columns]) ?? null;

const positionOf = ({ position }: Extract<Analysis, { kind: "unresolved" }>) =>
  position > 0 ? position : undefined;

const statementsOf = (analyses: readonly Analysed[]): readonly Statement[] =>
  analyses.length === 1 && analyses[0]
    ? analyses[0].statements
    : analyses.flatMap((one) => one.statements);

/** Why this unit must be judged as opaque here although its text could be read, or null. */
function doubtOf(
  unit: CommandUnit,
  statements: readonly Statement[],
  { namesMayReturn, view, names, isChanging }: Surroundings,
): string | null {
  for (const { message, prepared, portal } of unit.steps) {
    if (message.kind === "parse") continue;
    if (prepared?.doubtful || portal?.statement?.doubtful)
      return "the prepared statement may be another one";
    if (prepared && (prepared.unverified || prepared.gone || isChanging("statement", prepared)))
      return "the prepared statement may have been replaced";
    if (message.kind === "bind") continue;
    if (portal && (portal.doubtful || isChanging("portal", portal)))
      return "the portal may have been replaced";
  }
  const bound = unit.portal?.bound;
  if (bound && (bound.catalog !== view.ref || bound.names !== names))
    return "the portal was opened when names meant something else";
  if (!namesMayReturn || statements.length < 2) return null;
  return statements.some(({ effects }) => effects.transaction !== undefined)
    ? "the end of the transaction may bring another search_path back"
    : null;
}

/** Of a view, by why: what is opaque for the same reason asks the same. */
const asksAnything = new WeakMap<CatalogView, Map<string, readonly Operation[]>>();

function anything(view: CatalogView, detail: string): readonly Operation[] {
  let byDetail = asksAnything.get(view);
  if (byDetail === undefined) asksAnything.set(view, (byDetail = new Map()));
  let found = byDetail.get(detail);
  if (found === undefined) {
    const resource = { type: "Connection", id: view.connection } as const;
    found = [{ action: "opaque", resource, detail }];
    // Some reasons quote what a client wrote.
    if (byDetail.size < mostReasons) byDetail.set(detail, found);
  }
  return found;
}

/** It could do anything. `detail` is why, as a person sees it. */
function opaquely(
  unit: CommandUnit,
  statements: readonly Statement[],
  around: Surroundings,
  detail: string,
  more: { readonly opaque?: string; readonly unresolved?: Refusal } = {},
): Judgement {
  const operations = anything(around.view, detail);
  const text = textOf(unit);
  const kind = unit.commandKind;
  return judged(
    unit,
    around,
    askedBy({ kind, text, statements, operations, opaque: detail, ...more }),
  );
}

function judged(
  unit: CommandUnit,
  { view }: Surroundings,
  asked: Asked,
  unresolved: Refusal | null = asked.unresolved,
): Judgement {
  const bind = bindOf(unit);
  const parameters = parametersOf(unit, bind);
  if ("wrong" in parameters)
    return { kind: "refused", refusal: asTarget("22021", parameters.wrong), text: asked.text };
  const resultFormats = bind === null ? allText : bind.resultFormats;
  const portalStatement = unit.portal?.statement ?? null;
  const knows = view.catalog.temporary ? view : null;
  return {
    kind: "judged",
    judged: { ...asked, unresolved, parameters, resultFormats, portalStatement, knows },
  };
}

const allText: Judged["resultFormats"] = [];
