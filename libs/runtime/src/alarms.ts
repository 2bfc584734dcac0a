import type { Log } from "./log.ts";

/** What must never happen, and did: an error line with an `alarm` code, and a count on the health page. */
export class Alarms {
  readonly #log: Log;
  readonly #counts = new Map<string, number>();

  constructor(log: Log) {
    this.#log = log;
  }

  raise(alarm: string, message: string, fields: object = {}): void {
    this.#counts.set(alarm, (this.#counts.get(alarm) ?? 0) + 1);
    this.#log.error({ ...fields, alarm }, message);
  }

  get counts(): Readonly<Record<string, number>> {
    return Object.fromEntries(this.#counts);
  }
}
