import { Outcome, type Result } from "../events.ts";
import type { CommandId, SessionId } from "../ids.ts";
import { countOf, isCount, isId, isSha256, isTrace, readMembers } from "./members.ts";

const outcomes: ReadonlySet<unknown> = new Set(Outcome.options);
/** Without `trace`, `input`, `detected` and `error`. */
const members = 16;

/** What `Result` gives for this line of a plain result; null where only `Result` can tell. */
export function readResultLine(line: string): Result | null {
  const found = readMembers(line);
  if (found === null) return null;
  const { v, type, session, n, prev, time, trace, command, outcome, verdict } = found;
  const { rows, bytes, output, parts, tags, sent, ended } = found;
  if (
    v !== 1 ||
    type !== "result" ||
    !isId(session) ||
    !isCount(n, 1) ||
    !isHashOrNull(prev) ||
    !isCount(time) ||
    !isId(command) ||
    !isOutcome(outcome) ||
    !isHashOrNull(verdict) ||
    !isCount(rows) ||
    !isCount(bytes) ||
    !isHashOrNull(output) ||
    !isCount(parts) ||
    !areTexts(tags) ||
    !(sent === null || isCount(sent)) ||
    !isCount(ended) ||
    !(trace === undefined || isTrace(trace)) ||
    countOf(found) !== (trace === undefined ? members : members + 1)
  )
    return null;
  const read: Result = {
    v,
    session: session as SessionId,
    n,
    prev,
    time,
    type,
    command: command as CommandId,
    outcome,
    verdict,
    rows,
    bytes,
    output,
    parts,
    tags,
    sent,
    ended,
  };
  if (trace !== undefined) read.trace = trace;
  return read;
}

const isHashOrNull = (value: unknown): value is string | null => value === null || isSha256(value);

const isOutcome = (value: unknown): value is Outcome => outcomes.has(value);

const areTexts = (value: unknown): value is string[] =>
  Array.isArray(value) && value.every((each) => typeof each === "string");
