import { Command } from "../events.ts";
import type { CommandId, SessionId } from "../ids.ts";
import { countOf, isCount, isId, isSha256, isTrace, readMembers, type Members } from "./members.ts";
import { RememberedParts } from "./remembered-parts.ts";

/**
 * Where a command's line is taken apart. JSON has these bytes nowhere but at a member of an object, for a quote within
 * a string is escaped; that it is a member of the line's own object shows when each part is read by itself.
 */
const marks = { asker: ',"kind":', text: ',"text":', operations: ',"operations":' } as const;

const Asker = Command.pick({ kind: true, connection: true, principal: true, address: true });
const Operations = Command.pick({ operations: true });
/** `v` to `parameters`, without `trace`. */
const headMembers = 11;

/**
 * Reads commands' lines that are written in the order of what changes least: what is new in each command, then who
 * asks (from `kind` on, the same all session long), the text, and the operations (those of a statement).
 */
export class CommandLines {
  readonly #askers = new RememberedParts(
    (part) => Asker.safeParse(readMembers(`{${part.slice(1)}}`)).data ?? null,
  );
  readonly #operations = new RememberedParts(
    (part) => Operations.safeParse(readMembers(`{${part.slice(1)}`)).data ?? null,
  );

  /** What `Command` gives for this line; null where only `Command` can tell. */
  read(line: string): Command | null {
    const askerAt = line.indexOf(marks.asker);
    const textAt = askerAt < 0 ? -1 : line.indexOf(marks.text, askerAt);
    const operationsAt = textAt < 0 ? -1 : line.indexOf(marks.operations, textAt);
    if (operationsAt < 0) return null;
    const head = readMembers(`${line.slice(0, askerAt)}}`);
    const text = readText(line.slice(textAt + marks.text.length, operationsAt));
    if (head === null || text === null) return null;
    const asker = this.#askers.get(line.slice(askerAt, textAt));
    const operations = asker && this.#operations.get(line.slice(operationsAt));
    return operations && commandOf(head, asker, text, operations);
  }
}

function readText(json: string): string | null {
  try {
    const value: unknown = JSON.parse(json);
    return typeof value === "string" ? value : null;
  } catch {
    return null;
  }
}

function commandOf(
  head: Members,
  { kind, connection, principal, address }: Pick<Command, keyof typeof Asker.shape>,
  text: string,
  { operations }: Pick<Command, "operations">,
): Command | null {
  const { v, type, session, n, prev, time, trace, command, deadline, revision, mayWait } = head;
  const { parameters } = head;
  if (
    v !== 1 ||
    type !== "command" ||
    !isId(session) ||
    !isCount(n, 1) ||
    !(prev === null || isSha256(prev)) ||
    !isCount(time) ||
    !isId(command) ||
    !isCount(deadline) ||
    !isCount(revision) ||
    typeof mayWait !== "boolean" ||
    !areParameters(parameters) ||
    !(trace === undefined || isTrace(trace)) ||
    countOf(head) !== (trace === undefined ? headMembers : headMembers + 1)
  )
    return null;
  const read: Command = {
    v,
    session: session as SessionId,
    n,
    prev,
    time,
    type,
    command: command as CommandId,
    kind,
    connection,
    principal,
    address,
    text,
    parameters,
    operations,
    mayWait,
    deadline,
    revision,
  };
  if (trace !== undefined) read.trace = trace;
  return read;
}

const areParameters = (value: unknown): value is Command["parameters"] =>
  Array.isArray(value) && value.every(isParameter);

function isParameter(value: unknown): boolean {
  if (typeof value !== "object" || value === null) return false;
  const { oid, format, value: bound } = value as Members;
  return (
    isCount(oid) &&
    (format === 0 || format === 1) &&
    (bound === null || typeof bound === "string") &&
    countOf(value as Members) === 3
  );
}
