/** Buffers of one size for what leaves, each used again once nobody reads it any more. */
export class ResultBuffers {
  readonly size: number;
  readonly #most: number;
  readonly #spare: Buffer[] = [];

  /**
   * @param size of each, in bytes
   * @param most that are kept while nobody uses them
   */
  constructor(size: number, most: number) {
    this.size = size;
    this.#most = most;
  }

  lend(): LentBuffer {
    return new LentBuffer(this.#spare.pop() ?? Buffer.allocUnsafeSlow(this.size), (buffer) => {
      if (this.#spare.length < this.#most) this.#spare.push(buffer);
    });
  }
}

/**
 * INVARIANT (I3): it is lent again, to whichever session, only when each of its readers has told that it is done. A
 * reader that never does costs the buffer, and shows nobody anything.
 */
export class LentBuffer {
  readonly bytes: Buffer;
  readonly #onFree: (buffer: Buffer) => void;
  #readers = 0;

  constructor(bytes: Buffer, onFree: (buffer: Buffer) => void) {
    this.bytes = bytes;
    this.#onFree = onFree;
  }

  /** One more reads it, until it calls what it is given, which counts once. The first one is who writes. */
  reader(): () => void {
    this.#readers++;
    let done = false;
    return () => {
      if (done) return;
      done = true;
      this.#readers--;
      if (this.#readers === 0) this.#onFree(this.bytes);
    };
  }
}
