import { noNames, quoteIdent, type SessionNames } from "@sallyport/sql";
import type { Portal, Prepared } from "./protocol-names.ts";
import type { CommandUnit } from "./statements.ts";

/** A statement's text; `prepared` is null for a query string. */
export interface UnitText {
  readonly text: string;
  readonly types: readonly number[];
  readonly prepared: Prepared | null;
  /** It stands for the use by the protocol of what SQL has put under this name. */
  readonly session?: SessionNames;
}

const none: readonly number[] = [];

/** The statement texts that a unit parses, binds, describes or runs, each once; null when one is unknown. */
export function textsOf(unit: CommandUnit): UnitText[] | null {
  const found: UnitText[] = [];
  for (const { message, prepared, portal } of unit.steps) {
    if (message.kind === "query") return [{ text: message.text, types: none, prepared: null }];
    if (message.kind === "function-call") return null;
    if (portal?.sql) {
      found.push({
        text: textOfPortal(portal),
        types: none,
        prepared: null,
        session: fetching(portal),
      });
      continue;
    }
    const statement = portal === undefined ? undefined : portal.statement;
    for (const one of [prepared, statement]) {
      if (one === undefined || found.some((text) => text.prepared === one)) continue;
      if (one === null) return null;
      if (one.text !== null) found.push({ text: one.text, types: one.types, prepared: one });
      else if (one.sql)
        found.push({
          text: textOfStatement(one),
          types: none,
          prepared: one,
          session: executing(one),
        });
      else return null;
    }
  }
  return found;
}

const textOfStatement = ({ name, text }: Prepared): string => text ?? `EXECUTE ${quoteIdent(name)}`;

const textOfPortal = ({ name }: Portal): string => `FETCH ALL FROM ${quoteIdent(name)}`;

const executing = ({ name, sql }: Prepared): SessionNames => ({
  ...noNames,
  prepared: new Map(sql ? [[name, sql]] : []),
});

const fetching = ({ name, sql }: Portal): SessionNames => ({
  ...noNames,
  cursors: new Map(sql ? [[name, sql]] : []),
});

/** The one prepared statement that all of a unit is about; null when there is no or another text in it too. */
export function soleStatement({ steps }: CommandUnit): Prepared | null {
  let sole: Prepared | null = null;
  for (const { message, prepared, portal } of steps) {
    if (message.kind === "query" || message.kind === "function-call") return null;
    const statement = portal === undefined ? undefined : portal.statement;
    if (statement === null) return null;
    if (statement !== undefined && prepared !== undefined && statement !== prepared) return null;
    const one = prepared ?? statement;
    if (one === undefined) continue;
    if (sole !== null && sole !== one) return null;
    sole = one;
  }
  return sole;
}

/** Bytes of a unit's texts and parameter values, before anything is read in them. */
export function bytesOf(unit: CommandUnit): number {
  const texts: string[] = [];
  let bytes = 0;
  for (const { message, prepared, portal } of unit.steps) {
    const text =
      message.kind === "query" ? message.text : (prepared?.text ?? portal?.statement?.text);
    if (text && !texts.includes(text)) {
      texts.push(text);
      bytes += Buffer.byteLength(text);
    }
    if (message.kind === "bind" || message.kind === "function-call")
      bytes += lengthOf(message.parameters);
  }
  if (unit.steps.length === 1 && unit.portal?.bind) bytes += lengthOf(unit.portal.bind.parameters);
  return bytes;
}

function lengthOf(parameters: readonly (Buffer | null)[]): number {
  let bytes = 0;
  for (const value of parameters) bytes += value === null ? 0 : value.length;
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
      const statement = prepared ?? portal?.statement;
      const text = statement?.text;
      if (text) texts.add(text);
      else if (statement?.sql) texts.add(textOfStatement(statement));
      else if (portal?.sql) texts.add(textOfPortal(portal));
      else if (prepared ?? portal)
        texts.add(`unknown name ${prepared?.name ?? portal?.name ?? ""}`);
    }
  }
  return [...texts].join("\n");
}
