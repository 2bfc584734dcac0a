import type { Gate } from "../gate.ts";

/** Whether the worker hears authn and the bus, and the one step of a session that waits until it does again. */
export class Hearing {
  readonly #gate: Pick<Gate, "deaf">;
  #waiting: (() => void) | null = null;

  constructor(gate: Pick<Gate, "deaf">) {
    this.#gate = gate;
  }

  get deaf(): boolean {
    return this.#gate.deaf;
  }

  /** A step waits. */
  get waits(): boolean {
    return this.#waiting !== null;
  }

  /** Takes the step now, or once the worker hears again. */
  whenHeard(step: () => void): void {
    if (this.#gate.deaf) this.#waiting = step;
    else step();
  }

  /** The worker may hear again. */
  goOn(): void {
    const waiting = this.#waiting;
    this.#waiting = null;
    if (waiting) this.whenHeard(waiting);
  }
}
