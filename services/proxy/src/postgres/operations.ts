import { isUtf8 } from "node:buffer";
import type { Operation, Parameter } from "@sallyport/contracts";
import { formatOf, type Bind } from "@sallyport/pgwire";
import type { Analysis, NameContext, Output, SessionNames, Statement } from "@sallyport/sql";
import type { CopyOut, Effects, Judged } from "./judged.ts";
import { asTarget, refusalOf, type Refusal } from "./refusal.ts";
import type { CommandUnit, Portal, Prepared, Step } from "./statements.ts";
import type { CatalogView, Read } from "./target-catalog.ts";

/** A command as it goes to the gate, or what is said instead of asking. */
export type Judgement =
  | { readonly kind: "judged"; readonly judged: Judged }
  | { readonly kind: "refused"; readonly refusal: Refusal; readonly text: string };

export interface Surroundings {
  readonly view: CatalogView;
  readonly names: NameContext;
  /** Why nothing can be proven at this point of the session, or null: DDL in this transaction, names in doubt. */
  readonly unprovable: string | null;
  /** Also within one query string: what ends a transaction may bring other names back. */
  readonly namesMayReturn: boolean;
  /** What the names that SQL gave stand for. */
  readonly session: SessionNames;
}

const everything: Effects = {
  ddl: true,
  names: true,
  transaction: true,
  copyIn: true,
  renames: true,
  naming: [[{ kind: "doubt" }]],
};

/** A unit → its operations, with the target catalog, before the gate. A promise for long texts only. */
export function operationsOf(
  unit: CommandUnit,
  around: Surroundings,
): Judgement | Promise<Judgement> {
  const texts = textsOf(unit);
  for (const { message, portal } of unit.steps)
    if (message.kind === "bind" && portal)
      portal.bound = { catalog: around.view.catalog, names: around.names };
  if (texts === null)
    return judgedAs(
      unit,
      around,
      [],
      [opaque(around.view.connection, "nobody knows what the name stands for")],
      "unknown name",
    );
  const analysed = texts.map(({ text, types }) =>
    around.view.analyse(text, around.names, types, around.unprovable, around.session),
  );
  if (analysed.some((one) => one instanceof Promise))
    return Promise.all(analysed.map(async (one) => one)).then((all) =>
      conclude(unit, texts, all, around),
    );
  return conclude(unit, texts, analysed as Read[], around);
}

interface Text {
  readonly prepared: Prepared | null;
  readonly text: string;
  readonly types: readonly number[];
}

/** The statement texts that a unit parses, binds, describes or runs, each once; null when one is unknown. */
function textsOf(unit: CommandUnit): Text[] | null {
  const found = new Map<Prepared, Text>();
  const add = (prepared: Prepared | null | undefined): boolean => {
    if (prepared === undefined) return true;
    if (prepared === null || prepared.text === null) return false;
    found.set(prepared, { prepared, text: prepared.text, types: prepared.types });
    return true;
  };
  for (const { message, prepared, portal } of unit.steps) {
    if (message.kind === "query") return [{ prepared: null, text: message.text, types: [] }];
    if (message.kind === "function-call") return null;
    if (!add(prepared) || (portal !== undefined && !add(portal.statement))) return null;
  }
  return [...found.values()];
}

function conclude(
  unit: CommandUnit,
  texts: readonly Text[],
  analysed: readonly Read[],
  around: Surroundings,
): Judgement {
  const analyses: Analysed[] = [];
  let unresolved: Refusal | null = null;
  const text = texts.map((one) => one.text).join("\n");
  const refused = (refusal: Refusal): Judgement => ({ kind: "refused", refusal, text });
  for (const one of analysed) {
    switch (one.kind) {
      case "syntax-error":
        return refused(asTarget(one.sqlstate, one.message, one.position));
      case "failed":
        return refused(refusalOf("statement-too-complex"));
      case "analysed": {
        const { analysis } = one;
        if (analysis.kind === "refused")
          return refused(asTarget(analysis.sqlstate, analysis.message));
        if (analysis.kind === "analysed") analyses.push(analysis);
        else unresolved ??= asTarget(analysis.sqlstate, analysis.message, positionOf(analysis));
      }
    }
  }
  if (unresolved) {
    const why = unresolved.said.message;
    return judgedAs(unit, around, [], [opaque(around.view.connection, why)], why, unresolved);
  }
  for (const [at, one] of texts.entries())
    if (one.prepared && !holds(one.prepared, analysed[at], around)) one.prepared.doubtful = true;
  const doubt = doubtOf(unit, analyses, around);
  if (doubt !== null)
    return judgedAs(
      unit,
      around,
      statementsOf(analyses),
      [opaque(around.view.connection, doubt)],
      doubt,
    );
  const statements = statementsOf(analyses);
  const operations = unite(analyses.flatMap((one) => one.operations));
  const why = analyses.find((one) => one.opaque !== null)?.opaque ?? null;
  return judgedAs(unit, around, statements, operations, why);
}

/**
 * INVARIANT (I3): the target plans a prepared statement anew when search_path or what it reads has changed, but not when
 * an object was made that hides one that it reads. So it must ask what it asked whenever it was judged before.
 */
function holds(prepared: Prepared, read: Read | undefined, { view, names }: Surroundings): boolean {
  const { judged } = prepared;
  if (judged?.catalog === view.catalog && judged.names === names) return true;
  if (read?.kind !== "analysed" || read.analysis.kind !== "analysed") return true;
  const { analysis } = read;
  prepared.judged = { catalog: view.catalog, names, analysis };
  return judged === undefined || asks(judged.analysis) === asks(analysis);
}

const asks = ({ operations, statements }: Analysed): string =>
  JSON.stringify([operations, statements.map(feeding)]);

const feeding = ({ outputs }: Statement) =>
  outputs?.map((output) => [output.kind, output.kind === "plain" ? [] : output.columns]) ?? null;

type Analysed = Extract<Analysis, { kind: "analysed" }>;

const positionOf = ({ position }: Extract<Analysis, { kind: "unresolved" }>) =>
  position > 0 ? position : undefined;

const statementsOf = (analyses: readonly Analysed[]): readonly Statement[] =>
  analyses.flatMap((one) => one.statements);

/** Why this unit must be judged as opaque here although its text could be read, or null. */
function doubtOf(
  unit: CommandUnit,
  analyses: readonly Analysed[],
  { namesMayReturn, view, names }: Surroundings,
): string | null {
  const statements = statementsOf(analyses);
  if (unit.steps.some(({ prepared, portal }) => prepared?.doubtful || portal?.statement?.doubtful))
    return "the prepared statement may have been replaced";
  if (unit.steps.some(({ portal }) => portal?.doubtful)) return "the portal may have been replaced";
  const bound = unit.portal?.bound;
  if (bound && (bound.catalog !== view.catalog || bound.names !== names))
    return "the portal was opened when names meant something else";
  const ends = statements.some(({ effects }) => effects.transaction !== undefined);
  return namesMayReturn && ends && statements.length > 1
    ? "the end of the transaction may bring another search_path back"
    : null;
}

function judgedAs(
  unit: CommandUnit,
  { view }: Surroundings,
  statements: readonly Statement[],
  operations: readonly Operation[],
  opaqueBecause: string | null,
  unresolved: Refusal | null = null,
): Judgement {
  const { portal } = unit;
  const bind = portal?.bind ?? lastBind(unit.steps);
  const parameters = parametersOf(unit, bind, portal);
  const text = textOf(unit);
  if (parameters === null)
    return {
      kind: "refused",
      refusal: asTarget("22021", "invalid byte sequence for encoding UTF8 in a parameter"),
      text,
    };
  const hidden = opaqueBecause !== null;
  const answered =
    unit.commandKind === "simple" ? statements : [statementOfPortal(unit, statements)];
  const outputs = answered.map((one) => (hidden ? null : (one?.outputs ?? null)));
  return {
    kind: "judged",
    judged: {
      kind: unit.commandKind,
      text,
      parameters,
      operations,
      outputs,
      copies: answered.map((one, index) => copyOut(one, outputs[index] ?? null)),
      touches: new Set(statements.flatMap((one) => one.touches)),
      opaque: opaqueBecause,
      unresolved,
      resultFormats: bind?.resultFormats ?? [],
      portalStatement: portal?.statement ?? null,
      // Parse and Bind run nothing.
      effects: unit.commandKind === "prepare" ? nothing : effectsOf(statements, hidden),
      knows: view.catalog.temporary ? view : null,
    },
  };
}

function copyOut(
  statement: Statement | null | undefined,
  columns: readonly Output[] | null,
): CopyOut | null {
  const copy = statement?.effects.copy;
  return copy?.direction === "out" ? { columns, format: copy.format, options: copy.options } : null;
}

const nothing: Effects = {
  ddl: false,
  names: false,
  transaction: false,
  copyIn: false,
  renames: false,
  naming: [],
};

function effectsOf(statements: readonly Statement[], hidden: boolean): Effects {
  if (hidden) return everything;
  return {
    ddl: statements.some(({ effects }) => effects.ddl),
    names: statements.some(({ effects }) => effects.names),
    transaction: statements.some(({ effects }) => effects.transaction !== undefined),
    copyIn: statements.some(({ effects }) => effects.copy?.direction === "in"),
    renames: false,
    naming: statements.some(({ effects }) => effects.naming !== undefined)
      ? statements.map(({ effects }) => effects.naming ?? [])
      : [],
  };
}

function statementOfPortal(
  unit: CommandUnit,
  statements: readonly Statement[],
): Statement | undefined {
  // Several texts only in a `prepare`, which returns no rows.
  return unit.commandKind === "execute" || statements.length === 1 ? statements[0] : undefined;
}

/** Bytes of a unit's texts and parameter values, before anything is read in them. */
export function bytesOf(unit: CommandUnit): number {
  const texts = new Set<string>();
  let bytes = 0;
  for (const { message, prepared, portal } of unit.steps) {
    if (message.kind === "query") texts.add(message.text);
    const text = prepared?.text ?? portal?.statement?.text;
    if (text) texts.add(text);
    if (message.kind === "bind" || message.kind === "function-call")
      for (const value of message.parameters) bytes += value?.length ?? 0;
  }
  if (unit.steps.length === 1)
    for (const value of unit.portal?.bind?.parameters ?? []) bytes += value?.length ?? 0;
  for (const text of texts) bytes += Buffer.byteLength(text);
  return bytes;
}

/** What a unit is called in the record. */
export function textOf(unit: CommandUnit): string {
  const texts = new Set<string>();
  for (const { message, prepared, portal } of unit.steps) {
    if (message.kind === "query") texts.add(message.text);
    else if (message.kind === "function-call")
      texts.add(`function call of oid ${message.function}`);
    else {
      const text = prepared?.text ?? portal?.statement?.text;
      if (text) texts.add(text);
      else if (prepared ?? portal)
        texts.add(`unknown name ${prepared?.name ?? portal?.name ?? ""}`);
    }
  }
  return [...texts].join("\n");
}

const lastBind = (steps: readonly Step[]): Bind | undefined =>
  steps.map(({ message }) => message).findLast((message) => message.kind === "bind");

/** Null when a text is not UTF-8: what is approved must be what runs. */
function parametersOf(
  unit: CommandUnit,
  bind: Bind | undefined,
  portal: Portal | undefined,
): Parameter[] | null {
  const call = unit.steps[0]?.message;
  const values = call?.kind === "function-call" ? call : bind;
  if (!values) return [];
  const types =
    portal?.statement?.types ?? unit.steps.find(({ prepared }) => prepared)?.prepared?.types ?? [];
  const parameters: Parameter[] = [];
  for (const [index, value] of values.parameters.entries()) {
    const format = formatOf(values.formats, index);
    if (format === 0 && value !== null && !isUtf8(value)) return null;
    parameters.push({
      oid: types[index] ?? 0,
      format,
      value: value?.toString(format === 0 ? "utf8" : "base64") ?? null,
    });
  }
  return parameters;
}

const opaque = (connection: string, detail: string): Operation => ({
  action: "opaque",
  resource: { type: "Connection", id: connection },
  detail,
});

function unite(operations: readonly Operation[]): Operation[] {
  const seen = new Map<string, Operation>();
  for (const operation of operations) {
    const key = JSON.stringify(operation);
    if (!seen.has(key)) seen.set(key, operation);
  }
  return [...seen.values()];
}
