import { refusalOf, type Refusal } from "./refusal.ts";
import type { Running } from "./running.ts";

/** A result that is larger than may pass: from then on nothing of its command leaves, and its end is an error. */
export class CutResult {
  readonly #limit: number;
  #why: Refusal | null = null;

  /** @param limit bytes of rows or COPY data that a command may bring */
  constructor(limit: number) {
    this.#limit = limit;
  }

  /** Why the command that answers was cut, null when it was not. */
  get why(): Refusal | null {
    return this.#why;
  }

  /** Counts what came. True when it is more than may pass. */
  exceeds(running: Running, bytes: number): boolean {
    running.received += bytes;
    if (running.received <= this.#limit) return false;
    this.cut(running, refusalOf("result-too-large", { limit: this.#limit }));
    return true;
  }

  cut(running: Running, why: Refusal): void {
    this.#why = why;
    running.error = { code: why.code, sqlstate: why.said.sqlstate, message: why.said.message };
  }

  /** Once: why, for the client to hear. */
  take(): Refusal | null {
    const why = this.#why;
    this.#why = null;
    return why;
  }
}
