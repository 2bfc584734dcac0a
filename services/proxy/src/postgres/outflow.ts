import { ByteSink } from "@sallyport/pgwire";
import type { Running } from "./running.ts";

/** Bytes after which a result's stretch leaves. */
const enough = 64 * 1024;
/** Masked values may be longer than what they replace. */
const room = enough + enough / 8;
/** How long rows wait for company, in milliseconds. */
const companyWait = 1;

/**
 * What leaves for the client, in its order: gathered, so that many small rows are one write, one step of the hash and
 * one chunk of the record. What ends a result leaves at the end of the turn, and all before it.
 */
export class Outflow {
  readonly #leave: (bytes: Buffer) => void;
  readonly #sink = new ByteSink(room);
  /** Whose result is gathering, and from where its bytes are not yet recorded. */
  #of: Running | null = null;
  #from = 0;
  #soon = false;
  /** Nothing more leaves: what the target says is only heard. */
  muted = false;
  #timer: NodeJS.Timeout | undefined;

  /** @param leave gets bytes that are recorded, and nobody writes to any more */
  constructor(leave: (bytes: Buffer) => void) {
    this.#leave = leave;
  }

  /** A message that is no part of a result; `always`: of no command either. */
  say(bytes: Buffer, always = false): void {
    if (this.muted && !always) return;
    this.settle();
    this.#sink.append(bytes);
    if (this.#soon) return;
    this.#soon = true;
    process.nextTick(() => {
      if (this.#soon) this.flush();
    });
  }

  /** Bytes of a result, as they are; the caller may write to them afterwards. */
  pass(running: Running, bytes: Buffer): void {
    this.rewrite(running, bytes.length, (sink) => sink.append(bytes));
  }

  /** Bytes of a result that `write` appends; about `length` of them. */
  rewrite(running: Running, length: number, write: (sink: ByteSink) => void): void {
    if (this.muted) return;
    if (this.#sink.at > 0 && this.#sink.at + length > enough) this.flush();
    if (this.#of !== running) {
      this.settle();
      this.#of = running;
      this.#from = this.#sink.at;
    }
    write(this.#sink);
    if (this.#sink.at >= enough) this.flush();
    else this.#timer ??= setTimeout(() => this.flush(), companyWait);
  }

  /** INVARIANT (I1): what gathered of a result is handed to the record before it leaves. */
  settle(): void {
    const running = this.#of;
    const from = this.#from;
    this.#of = null;
    // Its result is told already when the session ended meanwhile: then nothing of it leaves any more.
    if (running === null || running.finished || from === this.#sink.at) return;
    running.output(this.#sink.bytes.subarray(from, this.#sink.at));
  }

  flush(): void {
    this.settle();
    this.#soon = false;
    clearTimeout(this.#timer);
    this.#timer = undefined;
    if (this.#sink.at > 0) this.#leave(this.#sink.take());
  }
}
