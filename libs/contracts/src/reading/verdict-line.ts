import type { CommandId, SessionId } from "../ids.ts";
import { Verdict } from "../verdict.ts";
import { countOf, isCount, isId, isSha256, isTrace, readMembers } from "./members.ts";
import { RememberedParts } from "./remembered-parts.ts";

/** Where a verdict's line is taken apart; as of a command's. */
const mark = ',"decision":';

const Judgement = Verdict.omit({
  v: true,
  type: true,
  session: true,
  command: true,
  hash: true,
  time: true,
  trace: true,
});
/** `v` to `time`, without `trace`. */
const headMembers = 6;

/** Reads verdicts' lines that name the command first and then what was decided, which many commands share. */
export class VerdictLines {
  readonly #judgements = new RememberedParts(
    (part) => Judgement.safeParse(readMembers(`{${part.slice(1)}`)).data ?? null,
  );

  /** What `Verdict` gives for this line; null where only `Verdict` can tell. */
  read(line: string): Verdict | null {
    const at = line.indexOf(mark);
    const head = at < 0 ? null : readMembers(`${line.slice(0, at)}}`);
    if (head === null) return null;
    const { v, type, session, command, hash, time, trace } = head;
    if (
      v !== 1 ||
      type !== "verdict" ||
      !isId(session) ||
      !isId(command) ||
      !isSha256(hash) ||
      !isCount(time) ||
      !(trace === undefined || isTrace(trace)) ||
      countOf(head) !== (trace === undefined ? headMembers : headMembers + 1)
    )
      return null;
    const judgement = this.#judgements.get(line.slice(at));
    return (
      judgement && {
        v,
        type,
        session: session as SessionId,
        command: command as CommandId,
        hash,
        time,
        ...(trace !== undefined && { trace }),
        ...judgement,
      }
    );
  }
}
