import type { CommandKind, Operation } from "@sallyport/contracts";
import type { Output, Statement } from "@sallyport/sql";
import { operationMembers, textMember } from "../command-line.ts";
import type { Asked, CopyOut, Effects } from "./judged.ts";
import type { Refusal } from "./refusal.ts";

export interface AskedOptions {
  readonly kind: CommandKind;
  readonly text: string;
  readonly statements: readonly Statement[];
  readonly operations: readonly Operation[];
  /** Why its operations cannot all be proven, or null. */
  readonly opaque: string | null;
  readonly unresolved?: Refusal;
}

const everything: Effects = {
  ddl: true,
  names: true,
  transaction: true,
  copyIn: true,
  renames: true,
  naming: [[{ kind: "doubt" }]],
};
const everythingButCopy: Effects = { ...everything, copyIn: false };

/** An Execute of such a text never takes COPY data, whatever its names mean and code does. */
const ofRows: ReadonlySet<string> = new Set([
  "SelectStmt",
  "InsertStmt",
  "UpdateStmt",
  "DeleteStmt",
  "MergeStmt",
]);

/** What is asked, and its line's part behind the text. */
interface Made {
  readonly asked: Asked;
  readonly behindText: string;
}

/** Texts that differ in literals alone share their statements: what was made of these before. */
const made = new WeakMap<readonly Statement[], Made>();

/** What statements that were read together ask, as a command of this kind. */
export function askedBy(options: AskedOptions): Asked {
  const { kind, text, statements, operations, opaque, unresolved } = options;
  if (opaque !== null || unresolved) return newlyAsked(options).asked;
  let found = made.get(statements);
  if (found?.asked.kind !== kind || found.asked.operations !== operations)
    made.set(statements, (found = newlyAsked(options)));
  return found.asked.text === text
    ? found.asked
    : { ...found.asked, text, written: textMember(text) + found.behindText };
}

function newlyAsked(options: AskedOptions): Made {
  const { kind, text, statements, operations, opaque, unresolved = null } = options;
  const hidden = opaque !== null;
  const answered = kind === "simple" ? statements : [statementOfPortal(kind, statements)];
  const outputs = answered.map((one) => (hidden ? null : (one?.outputs ?? null)));
  const behindText = operationMembers({ operations });
  const asked = {
    kind,
    text,
    operations,
    outputs,
    copies: answered.map((one, index) => copyOut(one, outputs[index] ?? null)),
    touches: new Set(statements.flatMap((one) => one.touches)),
    opaque,
    unresolved,
    effects:
      kind === "prepare" ? prepared(statements, hidden) : effectsOf(kind, statements, hidden),
    written: textMember(text) + behindText,
  };
  return { asked, behindText };
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

/** Parse and Bind run no statement, but code that is not traced may run when a value is read or a plan is made. */
function prepared(statements: readonly Statement[], hidden: boolean): Effects {
  const untraced = statements.some(({ effects }) =>
    effects.naming?.some(({ kind }) => kind === "doubt"),
  );
  return hidden || untraced ? { ...nothing, names: true, naming: everything.naming } : nothing;
}

function effectsOf(kind: CommandKind, statements: readonly Statement[], hidden: boolean): Effects {
  if (hidden) {
    const [sole, ...others] = statements;
    const isOfRows = sole !== undefined && others.length === 0 && ofRows.has(sole.kind);
    return kind === "execute" && isOfRows ? everythingButCopy : everything;
  }
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
  kind: CommandKind,
  statements: readonly Statement[],
): Statement | undefined {
  // Several texts only in a `prepare`, which returns no rows.
  return kind === "execute" || statements.length === 1 ? statements[0] : undefined;
}
