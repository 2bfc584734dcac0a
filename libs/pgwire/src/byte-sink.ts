/**
 * Bytes that gather for one write. What is given away by `part` and `take` is never written again here: it may lie in a
 * socket's queue, or wait for its acknowledgement.
 */
export class ByteSink {
  /** Valid up to `at`; another one after each `reserve`. */
  bytes: Buffer = empty;
  at = 0;
  /** Up to here the bytes are given away. */
  #given = 0;
  readonly #size: number;
  readonly #allocate: (length: number) => Buffer;

  /**
   * @param size of a buffer for more than a few bytes, unless more is asked for
   * @param allocate gives such a buffer, whose bytes are written over
   */
  constructor(size: number, allocate?: (length: number) => Buffer) {
    this.#size = size;
    this.#allocate = allocate ?? ((length) => Buffer.allocUnsafeSlow(length));
  }

  /** Bytes that are not given away yet. */
  get gathered(): number {
    return this.at - this.#given;
  }

  /** Makes room for so many more bytes after `at`. */
  reserve(length: number): void {
    const needed = this.at + length;
    if (needed <= this.bytes.length) return;
    const grown =
      needed <= some
        ? Buffer.allocUnsafe(needed <= few ? few : some)
        : this.#allocate(Math.max(needed + (this.at > 0 ? needed : 0), this.#size));
    this.bytes.copy(grown, this.#given, this.#given, this.at);
    this.bytes = grown;
  }

  /** Copies `source` from `start` to `end`. */
  append(source: Buffer, start = 0, end = source.length): void {
    this.reserve(end - start);
    // Short stretches are copied faster here than by a call into the runtime.
    if (end - start <= short) {
      const { bytes } = this;
      let { at } = this;
      for (let index = start; index < end; index++) bytes[at++] = source[index] ?? 0;
      this.at = at;
    } else this.at += source.copy(this.bytes, this.at, start, end);
  }

  /** Gives away what has gathered; what follows lies right behind it. */
  part(): Buffer {
    const part = this.bytes.subarray(this.#given, this.at);
    this.#given = this.at;
    return part;
  }

  /** Gives away what has gathered; nothing is held afterwards. */
  take(): Buffer {
    const taken = this.part();
    this.bytes = empty;
    this.at = 0;
    this.#given = 0;
    return taken;
  }
}

/** What answers of a few columns need, and those of a few rows: parts of the runtime's pool. */
const few = 512;
const some = 2048;
const short = 40;
const empty: Buffer = Buffer.alloc(0);
