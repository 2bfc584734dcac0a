import type { Answers } from "./answers.ts";
import type { CopyIn } from "./copy-in.ts";
import type { Flow } from "./flow.ts";
import type { Hearing } from "./hearing.ts";
import { sendOff } from "./listener/send-off.ts";
import { errorFrame, type Refusal } from "./refusal.ts";
import type { SessionOptions } from "./session-options.ts";
import type { TargetWriter } from "./target-writer.ts";
import type { Turn } from "./turn.ts";
import type { UnderWay } from "./under-way.ts";

/** How long the target may still answer for a client that has left, in milliseconds. */
const afterlife = 10_000;

export interface EndingParts {
  readonly options: Pick<SessionOptions, "client" | "target" | "gate" | "record" | "onEnd">;
  readonly turn: Turn;
  readonly answers: Answers;
  readonly writer: TargetWriter;
  readonly flow: Flow;
  readonly copy: CopyIn;
  readonly hearing: Hearing;
  readonly underWay: UnderWay;
  /** What was judged before its turn is not sent any more. */
  readonly abandonAhead: () => void;
}

/** The end of a session: what the client is told, what becomes of what runs, and the record's close. */
export class Ending {
  readonly #parts: EndingParts;
  /** Why the client left; its commands still run. */
  #leaving: string | null = null;
  #reason = "";
  #recordClosed = false;

  constructor(parts: EndingParts) {
    this.#parts = parts;
  }

  /** A client that leaves while the target works: its commands' ends are still recorded. */
  clientLeft(reason: string): void {
    const { options, turn, answers, writer, flow, copy, hearing } = this.#parts;
    if (turn.ended || turn.clientGone) return;
    turn.clientGone = true;
    flow.resume("client");
    copy.abandon();
    this.#parts.abandonAhead();
    if (turn.atGate) options.gate.cancel(turn.atGate);
    if (answers.unfinished().length === 0) return this.end(null, reason);
    turn.phase = "working";
    this.#leaving = reason;
    // Without the client's Sync nothing is to be committed; with ours, its commands' ends are known.
    if (writer.unsynced && !hearing.waits) this.#failUnsynced();
    setTimeout(() => this.end(null, reason), afterlife).unref();
  }

  #failUnsynced(): void {
    const { options, answers, writer } = this.#parts;
    const purpose = "fail-transaction";
    options.record.own({ purpose, text: writer.ownParse(purpose) });
    answers.owe({ kind: "own-failure", simple: false, bytes: Buffer.alloc(0) }, { kind: "sync" });
    writer.sync();
  }

  /** The target is ready again. True when nobody waits for it any more, and the session has ended. */
  endIfLeft(): boolean {
    if (this.#leaving === null || this.#parts.answers.unfinished().length > 0) return false;
    this.end(null, this.#leaving);
    return true;
  }

  /** Once; `why` is told to the client, `reason` is recorded. */
  end(why: Refusal | null, reason: string): void {
    const { options, turn, answers, writer, flow, underWay } = this.#parts;
    if (turn.ended) return;
    const { client, target, gate } = options;
    const last = why && !turn.clientGone ? errorFrame(why, "FATAL") : undefined;
    answers.hasten();
    flow.count(last?.length ?? 0);
    client.removeAllListeners("data");
    sendOff(client, last);
    turn.phase = "ended";
    this.#reason = reason;
    underWay.cutOff(reason, why?.said.message ?? "the session ended");
    writer.terminate();
    setTimeout(() => target.socket.destroy(), 2000).unref();
    // A command at the gates is answered by the gate, cancelled or not: its result comes before the close.
    this.#parts.abandonAhead();
    if (turn.atGate) gate.cancel(turn.atGate);
    this.closeRecord();
  }

  /** Once, when nothing of the session is at the gates any more. */
  closeRecord(): void {
    const { options, turn, flow } = this.#parts;
    if (this.#recordClosed || !turn.answered) return;
    this.#recordClosed = true;
    options.record.close({ reason: this.#reason, bytes: flow.bytes });
    options.onEnd();
  }
}
