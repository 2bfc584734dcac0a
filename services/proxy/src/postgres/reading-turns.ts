/** Milliseconds of texts' reading in one turn of the event loop; what comes beyond that waits for the next. */
const share = 8;
/** When one took longer than that, others of the worker have as long before the next. */
const heavy = 40;

/**
 * When this worker's thread reads texts that it has not seen before: one behind the other, and not so many at a time
 * that the sessions which need nothing read would wait for long (I7: a worker forwards nothing when it has heard no beat
 * for 2 s).
 */
export class ReadingTurns {
  readonly #waiting: (() => void)[] = [];
  #spent = 0;
  #full = false;
  #counting = false;

  /** Reads now if there is time in this turn, else in its turn. */
  take<T>(read: () => T): T | Promise<Awaited<T>> {
    if (!this.#full) return this.#timed(read);
    return new Promise((resolve, reject) => {
      this.#waiting.push(() => {
        try {
          resolve(this.#timed(read) as Awaited<T>);
        } catch (cause) {
          reject(cause);
        }
      });
    });
  }

  #timed<T>(read: () => T): T {
    const begun = performance.now();
    try {
      return read();
    } finally {
      this.#spent += performance.now() - begun;
      this.#full = this.#spent > share;
      if (!this.#counting) {
        this.#counting = true;
        setImmediate(() => this.#turnOver());
      }
    }
  }

  #turnOver(): void {
    const spent = this.#spent;
    this.#counting = false;
    this.#spent = 0;
    if (spent > heavy) setTimeout(() => this.#goOn(), spent);
    else this.#goOn();
  }

  #goOn(): void {
    this.#full = false;
    for (
      let next = this.#waiting.shift();
      next;
      next = this.#full ? undefined : this.#waiting.shift()
    )
      next();
  }
}

/** A process has one thread that reads, whatever targets its sessions have. */
export const readingTurns = new ReadingTurns();
