import { ByteSink } from "@sallyport/pgwire";
import { ResultBuffers, type LentBuffer } from "./result-buffers.ts";
import type { Running } from "./running.ts";
import { atTurnEnd } from "./turn-end.ts";

const enough = 64 * 1024;
/**
 * Stretches lie one behind the other, so that some are one chunk of the record: to pack one costs more by the number than
 * by the length. What is read at once comes to it, and masked values may be longer than what they replace.
 */
const room = 4 * enough + enough / 4;
/** How long rows wait for company, in milliseconds. */
const companyWait = 1;
/** How long room is kept for more rows. */
const roomWait = 20;

/** The worker's. A few sessions that bring much at a time need no more. */
const workersBuffers = new ResultBuffers(room, 32);

/**
 * What leaves for the client, in its order: gathered, so that many small rows are one write, one step of the hash and
 * one chunk of the record. What ends a result leaves at the end of the turn, and all before it.
 */
export class Outflow {
  readonly #leave: (bytes: Buffer, onRead: (() => void) | undefined) => void;
  readonly #buffers: ResultBuffers;
  readonly #enough: number;
  readonly #sink: ByteSink;
  /** Where the sink's bytes are, if they are lent, and what says that it writes no more. */
  #lent: LentBuffer | null = null;
  #written: (() => void) | null = null;
  /** Whose result is gathering, and from where its bytes are not yet recorded. */
  #of: Running | null = null;
  #from = 0;
  #soon = false;
  #looking = false;
  /** Nothing more leaves: what the target says is only heard. */
  muted = false;
  #alone: NodeJS.Timeout | undefined;
  #unused: NodeJS.Timeout | undefined;

  /**
   * @param leave gets bytes that are recorded, and calls `onRead` once when it does not read them any more
   * @param stretch bytes after which a result's stretch leaves
   */
  constructor(
    leave: (bytes: Buffer, onRead: (() => void) | undefined) => void,
    buffers = workersBuffers,
    stretch = enough,
  ) {
    this.#enough = stretch;
    this.#leave = leave;
    this.#buffers = buffers;
    this.#sink = new ByteSink(buffers.size, (length) => this.#allocate(length));
  }

  /** A message that is no part of a result; `always`: of no command either. */
  say(bytes: Buffer, always = false): void {
    if (this.muted && !always) return;
    this.settle();
    this.#sink.append(bytes);
    this.#soon = true;
    if (this.#looking) return;
    this.#looking = true;
    atTurnEnd(this.#look);
  }

  /** Bytes of a result, as they are; the caller may write to them afterwards. */
  pass(running: Running, bytes: Buffer): void {
    this.rewrite(running, bytes.length, (sink) => sink.append(bytes));
  }

  /** Bytes of a result that `write` appends; about `length` of them. */
  rewrite(running: Running, length: number, write: (sink: ByteSink) => void): void {
    if (this.muted) return;
    if (this.#sink.at > 0 && this.#sink.at + length > this.#buffers.size) this.flush();
    if (this.#of !== running) {
      this.settle();
      this.#of = running;
      this.#from = this.#sink.at;
    }
    write(this.#sink);
    if (this.#sink.gathered >= this.#enough) this.#stretch();
  }

  /** All that has come is taken. As a rule what ends a result came with it: a timer is for rows that come alone. */
  taken(): void {
    if (!this.#soon && this.#sink.gathered > 0)
      this.#alone ??= setTimeout(() => this.#stretch(), companyWait);
  }

  readonly #look = (): void => {
    this.#looking = false;
    if (this.#soon) this.flush();
  };

  /** INVARIANT (I1): what gathered of a result is handed to the record before it leaves. */
  settle(): void {
    const running = this.#of;
    const from = this.#from;
    this.#of = null;
    // Its result is told already when the session ended meanwhile: then nothing of it leaves any more.
    if (running === null || running.finished || from === this.#sink.at) return;
    running.output(this.#sink.bytes.subarray(from, this.#sink.at), this.#lent);
  }

  /** What would leave at the end of the turn leaves now. */
  hasten(): void {
    if (this.#soon) this.flush();
  }

  /** What has gathered of a result leaves; more may come. */
  #stretch(): void {
    if (this.#lent === null || this.#sink.at + this.#enough > this.#buffers.size)
      return this.flush();
    this.settle();
    this.#soon = false;
    clearTimeout(this.#alone);
    this.#alone = undefined;
    this.#unused ??= setTimeout(() => this.flush(), roomWait);
    this.#leave(this.#sink.part(), this.#lent.reader());
  }

  flush(): void {
    this.settle();
    this.#soon = false;
    if (this.#alone !== undefined) clearTimeout(this.#alone);
    if (this.#unused !== undefined) clearTimeout(this.#unused);
    this.#alone = undefined;
    this.#unused = undefined;
    const written = this.#written;
    const onRead = this.#lent?.reader();
    this.#lent = null;
    this.#written = null;
    // Even when nothing is in it: the sink must not write to a buffer that somebody else is lent.
    const bytes = this.#sink.take();
    written?.();
    if (bytes.length > 0) this.#leave(bytes, onRead);
    else onRead?.();
  }

  /** The sink copies what it holds to the buffer that it gets. */
  #allocate(length: number): Buffer {
    const written = this.#written;
    const lent = length > this.#buffers.size ? null : this.#buffers.lend();
    this.#lent = lent;
    this.#written = lent?.reader() ?? null;
    written?.();
    return lent?.bytes ?? Buffer.allocUnsafeSlow(length);
  }
}
