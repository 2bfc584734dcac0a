import { Backend, type CopyStart, type FramePart } from "@sallyport/pgwire";
import { TooManyParts } from "@sallyport/masking";
import type { AnswerEvents } from "./answer-events.ts";
import { CutResult } from "./cut-result.ts";
import type { Outflow } from "./outflow.ts";
import { refusalOf, type Refusal } from "./refusal.ts";
import type { ResultRows } from "./result-rows.ts";
import type { Running } from "./running.ts";
import { Unforeseen } from "./unforeseen.ts";

/** What of a command's result leaves: masked and within its bounds, and nothing more of it once it is cut. */
export class LeavingResult {
  readonly #result: ResultRows;
  readonly #out: Outflow;
  readonly #cut: CutResult;
  readonly #events: Pick<AnswerEvents, "cut">;

  /** @param limit bytes of rows or COPY data that a command may bring */
  constructor(result: ResultRows, out: Outflow, limit: number, events: Pick<AnswerEvents, "cut">) {
    this.#result = result;
    this.#out = out;
    this.#cut = new CutResult(limit);
    this.#events = events;
  }

  /** @throws {Unforeseen} {ProtocolError} */
  rows(running: Running, bytes: Buffer, count: number, execute: boolean): void {
    if (this.#out.muted) return;
    if (this.#cut.exceeds(running, bytes.length)) return this.#stop();
    try {
      this.#result.take(running, bytes, count, execute, this.#out);
    } catch (cause) {
      this.#tooMuch(running, cause);
    }
  }

  /** COPY to the client begins with `frame`. @throws {Unforeseen} */
  copyBegins(running: Running, started: CopyStart, frame: Buffer): void {
    if (this.#out.muted) return;
    const problem = this.#result.beginCopy(running, started);
    if (problem === null) return this.#out.pass(running, frame);
    this.#cut.cut(running, refusalOf("not-maskable", { problem }));
    this.#stop();
  }

  /** @throws {Unforeseen} {ProtocolError} */
  copyData(running: Running, bytes: Buffer): void {
    if (this.#out.muted) return;
    if (this.#cut.exceeds(running, bytes.length)) return this.#stop();
    try {
      this.#result.takeCopy(running, bytes, this.#out);
    } catch (cause) {
      this.#tooMuch(running, cause);
    }
  }

  /** A row or COPY data too large to be held: passed on in pieces, which cannot be masked. @throws {Unforeseen} */
  part(running: Running, { type, bytes, total, last, offset }: FramePart): void {
    if (this.#out.muted) return;
    // As a whole, before any of it leaves: an error cannot stand within a message.
    if (offset === 0 && this.#cut.exceeds(running, total)) return this.#stop();
    const passes =
      type === Backend.DataRow
        ? this.#result.takePart(running, offset === 0, last)
        : this.#result.takeCopyPart(running);
    if (passes) return this.#out.pass(running, bytes);
    this.#cut.cut(running, refusalOf("row-too-large", { size: total }));
    this.#stop();
  }

  /** @throws {Unforeseen} when it would have to be masked */
  functionResult(running: Running, frame: Buffer, value: Buffer | null): void {
    if ((running.masks.size > 0 || running.detecting !== null) && value !== null)
      throw new Unforeseen("the result of a function call cannot be masked", "not-maskable");
    this.#out.pass(running, frame);
    // INVARIANT (I1): nothing but ReadyForQuery follows, with which its result is told.
    this.#out.settle();
  }

  /** A command that was cut asks for nothing more. @throws {Unforeseen} */
  asksForData(): void {
    if (this.#cut.why)
      throw new Unforeseen("a command that was cut asks for COPY data", "target-lost");
  }

  /** Why the command that ends now was cut; the client hears again. */
  endCut(): Refusal | null {
    this.#out.muted = false;
    return this.#cut.take();
  }

  #tooMuch(running: Running, cause: unknown): void {
    if (!(cause instanceof TooManyParts)) throw cause;
    this.#cut.cut(running, refusalOf("row-of-too-many-parts"));
    this.#stop();
  }

  /** The target is cancelled, and heard to its end. */
  #stop(): void {
    this.#out.flush();
    this.#out.muted = true;
    this.#events.cut();
  }
}
