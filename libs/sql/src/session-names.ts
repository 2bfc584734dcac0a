import type { Told } from "./analyse.ts";
import type { Cursor } from "./cursors.ts";
import type { PreparedQuery } from "./prepared-queries.ts";
import { node, text, type Fields } from "./tree.ts";

/** What the names of a session's own prepared statements and cursors stand for. A name that is missing is not known. */
export interface SessionNames {
  readonly prepared: ReadonlyMap<string, PreparedQuery>;
  readonly cursors: ReadonlyMap<string, Cursor>;
  /** Of which kind every name is known, so that one that is missing is not there; absent: of none. */
  readonly complete?: { readonly prepared: boolean; readonly cursors: boolean };
}

/** What a statement does to those names once it has run. A null name means all; `doubt`: it may do anything to them. */
export type Naming =
  | { readonly kind: "prepare"; readonly name: string; readonly prepared: PreparedQuery }
  | { readonly kind: "deallocate"; readonly name: string | null }
  | { readonly kind: "declare"; readonly name: string; readonly cursor: Cursor }
  | { readonly kind: "close"; readonly name: string | null }
  | { readonly kind: "doubt" };

export const noNames: SessionNames = { prepared: new Map(), cursors: new Map() };

/** The names after a statement has run. */
export function renamed(names: SessionNames, changes: readonly Naming[]): SessionNames {
  if (changes.length === 0) return names;
  const prepared = new Map(names.prepared);
  const cursors = new Map(names.cursors);
  let complete = names.complete ?? { prepared: false, cursors: false };
  for (const change of changes) {
    switch (change.kind) {
      case "prepare":
        prepared.set(change.name, change.prepared);
        break;
      case "deallocate":
        forget(prepared, change.name);
        if (change.name === null) complete = { ...complete, prepared: true };
        break;
      case "declare":
        cursors.set(change.name, change.cursor);
        break;
      case "close":
        forget(cursors, change.name);
        if (change.name === null) complete = { ...complete, cursors: true };
        break;
      case "doubt":
        prepared.clear();
        cursors.clear();
        complete = { prepared: false, cursors: false };
        break;
    }
  }
  return { prepared, cursors, complete };
}

/** The names behind statements that follow each other, put together when one asks. */
export class NamesBehind implements SessionNames {
  #names: SessionNames;
  #changes: Naming[] = [];

  constructor(before: SessionNames) {
    this.#names = before;
  }

  add(changes: readonly Naming[]): void {
    for (const change of changes) this.#changes.push(change);
  }

  get prepared(): SessionNames["prepared"] {
    return this.#now().prepared;
  }

  get cursors(): SessionNames["cursors"] {
    return this.#now().cursors;
  }

  get complete(): { readonly prepared: boolean; readonly cursors: boolean } {
    return this.#now().complete ?? { prepared: false, cursors: false };
  }

  #now(): SessionNames {
    if (this.#changes.length > 0) {
      this.#names = renamed(this.#names, this.#changes);
      this.#changes = [];
    }
    return this.#names;
  }
}

function forget(names: Map<string, unknown>, name: string | null): void {
  if (name === null) names.clear();
  else names.delete(name);
}

const needing = new Set(["ExecuteStmt", "FetchStmt"]);

/** Whether what a text asks depends on the session's names, so that it may not be remembered by its text. */
export function needsSessionNames({ stmts }: { readonly stmts: Iterable<Fields> }): boolean {
  for (const { stmt } of stmts) {
    const { kind, fields } = node(stmt);
    if (needing.has(kind)) return true;
    const inner = kind === "ExplainStmt" || kind === "CreateTableAsStmt" ? fields["query"] : null;
    if (inner && (needing.has(node(inner).kind) || nested(inner))) return true;
  }
  return false;
}

/** EXPLAIN CREATE TABLE … AS EXECUTE. */
const nested = (inner: unknown): boolean => {
  const { kind, fields } = node(inner);
  return kind === "CreateTableAsStmt" && needing.has(node(fields["query"]).kind);
};

/** No DDL, and names mean what they did. */
export const quietly = (...naming: Naming[]) => ({ ddl: false, names: false, naming });

const named = (value: unknown): string | null => text(value) || null;

/** DEALLOCATE, CLOSE and DISCARD: nothing is asked. */
export function forgetNames(kind: string, fields: Fields): Told | null {
  switch (kind) {
    case "DeallocateStmt":
      return {
        columns: null,
        effects: quietly({ kind: "deallocate", name: named(fields["name"]) }),
      };
    case "ClosePortalStmt":
      return {
        columns: null,
        effects: quietly({ kind: "close", name: named(fields["portalname"]) }),
      };
    case "DiscardStmt": {
      const target = text(fields["target"]);
      if (target !== "DISCARD_ALL")
        return { columns: null, effects: { ddl: false, names: target === "DISCARD_TEMP" } };
      return {
        columns: null,
        effects: {
          ...quietly({ kind: "deallocate", name: null }, { kind: "close", name: null }),
          names: true,
        },
      };
    }
    default:
      return null;
  }
}
