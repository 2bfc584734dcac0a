import type { OutputSession } from "@sallyport/bus";
import {
  Frontend,
  parseFrontend,
  ProtocolError,
  type FramePart,
  type Frames,
} from "@sallyport/pgwire";
import type { Hearing } from "./hearing.ts";
import type { Running } from "./running.ts";
import type { Unit } from "./statements.ts";
import type { TargetWriter } from "./target-writer.ts";
import type { Turn } from "./turn.ts";

/** COPY FROM STDIN: whether a command takes the client's data, and that data on its way. */
export class CopyIn {
  readonly #turn: Turn;
  readonly #writer: TargetWriter;
  readonly #output: OutputSession;
  readonly #hearing: Hearing;
  /** Of this command it is open whether, or whether again, it takes COPY data. */
  #awaited: Running | null = null;
  #running: Running | null = null;
  /** Its data is over, and the target has yet to be told. */
  #completing: Running | null = null;

  constructor(
    turn: Turn,
    writer: TargetWriter,
    hearing: Hearing,
    { output }: { readonly output: OutputSession },
  ) {
    this.#turn = turn;
    this.#writer = writer;
    this.#output = output;
    this.#hearing = hearing;
  }

  /** The client's data belongs to a command. */
  get begun(): boolean {
    return this.#running !== null;
  }

  /** INVARIANT (I7): its data waits, as commands would. */
  get deaf(): boolean {
    return this.begun && this.#hearing.deaf;
  }

  /** The worker may hear again. */
  goOn(): void {
    if (this.begun) this.#turn.pump();
  }

  /** A command was sent that may take data: nothing else is read before that is known. */
  await(running: Running): void {
    if (running.judged.kind !== "simple") this.#writer.flush();
    this.#awaited = running;
    this.#turn.phase = "copy";
  }

  /** The target takes data now. False when nobody expected that. */
  begin(running: Running): boolean {
    if (this.#awaited !== running) return false;
    this.#running = running;
    this.proceed(running);
    return true;
  }

  /** What the client sends while COPY runs; a unit when it is none of COPY's. */
  take(frames: Frames | FramePart): Unit | undefined {
    const running = this.#running;
    if (running === null) return undefined;
    if (frames.type === Frontend.CopyData) {
      running.input(frames.bytes);
      this.#writer.more(running.clearance, frames.bytes);
      return undefined;
    }
    const kind = frames.kind === "part" ? "part" : parseFrontend(frames.bytes).kind;
    switch (kind) {
      case "copy-fail":
        this.#writer.more(running.clearance, frames.bytes);
        this.#ends(running);
        return undefined;
      case "copy-done":
        this.#done(running, frames.bytes);
        return undefined;
      case "terminate":
        return { kind: "terminate" };
      case "flush":
      case "sync":
        return undefined; // ignored during COPY (PostgreSQL 18, 54.2.6)
      default:
        throw new ProtocolError("message-type", "a message that COPY does not allow");
    }
  }

  /** The target has told more of a command: what comes next may be read, if that was what it waited for. */
  proceed(running: Running): void {
    if (this.#awaited !== running) return;
    if (this.#running !== running) this.#awaited = null;
    if (this.#turn.phase !== "copy") return;
    this.#turn.phase = "free";
    setImmediate(() => this.#turn.pump());
  }

  /** A command has its last answer. */
  finished(running: Running): void {
    if (this.#running === running) this.#running = null;
    if (this.#completing === running) this.#completing = null;
  }

  /** ReadyForQuery: nothing runs any more. */
  ready(): void {
    this.#running = null;
  }

  /** The client is gone in the middle of its data, or with no Sync behind its end. */
  abandon(): void {
    const unsynced = this.#completing !== null && this.#completing.judged.kind !== "simple";
    if (this.#running === null && !unsynced) return;
    this.#writer.copyFail("the client disconnected");
    this.#running = null;
    this.#completing = null;
  }

  #done(running: Running, copyDone: Buffer): void {
    this.#running = null;
    this.#completing = running;
    this.#turn.phase = "working";
    // Its data is stored first: what COPY commits must be in the record.
    const end = (): void =>
      this.#turn.resumeWith(() => {
        if (this.#completing !== running) return;
        this.#completing = null;
        this.#writer.more(running.clearance, copyDone);
        this.#ends(running);
      });
    this.#output.onStored(() => this.#hearing.whenHeard(end));
  }

  /** A query string may hold another COPY; an Execute's end is told after a Sync only. */
  #ends(running: Running): void {
    this.#running = null;
    if (running.judged.kind === "simple") this.#turn.phase = "copy";
    else this.#awaited = null;
  }
}
