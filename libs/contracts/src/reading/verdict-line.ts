import type { CommandId, SessionId } from "../ids.ts";
import { Verdict } from "../verdict.ts";
import { lineBeginning, readJson } from "./line-beginning.ts";
import { RememberedParts } from "./remembered-parts.ts";

/** For which command, and when. */
const beginning = lineBeginning(
  '{"v":1,"type":"verdict","session":<id>,"command":<id>,"hash":<sha256>,"time":<count><trace>',
  '(?=,"decision":)',
);

const Judgement = Verdict.omit({
  v: true,
  type: true,
  session: true,
  command: true,
  hash: true,
  time: true,
  trace: true,
});

/** Reads verdicts' lines that name the command first and then what was decided, which many commands share. */
export class VerdictLines {
  readonly #judgements = new RememberedParts(
    (part) => Judgement.safeParse(readJson(`{${part.slice(1)}`)).data ?? null,
  );

  /** What `Verdict` gives for this line; null where only `Verdict` can tell. */
  read(line: string): Verdict | null {
    beginning.lastIndex = 0;
    const found = beginning.exec(line);
    if (found === null) return null;
    const judgement = this.#judgements.get(line.slice(beginning.lastIndex));
    const [, session, command, hash = "", time, trace] = found;
    return (
      judgement && {
        // First, so that all of it is copied at once.
        ...judgement,
        v: 1,
        type: "verdict",
        session: session as SessionId,
        command: command as CommandId,
        hash,
        time: Number(time),
        ...(trace !== undefined && { trace }),
      }
    );
  }
}
