import { canary } from "./shop.ts";

/**
 * What a client heard of a statement: `done`; `refused`, with a reason; `ended`, its session with a reason; `broken`,
 * its connection without one; `hung`, nothing at all.
 */
export type Told = "done" | "refused" | "ended" | "broken" | "hung";

interface Complaint {
  readonly what: string;
  readonly told: Told;
  /** Whether the connection was there before. */
  readonly connected: boolean;
}

/** What clients were told, all together. */
export class Tales {
  readonly told = new Map<number, Told>();
  /** Rows whose COMMIT or INSERT was answered so. */
  readonly rows = new Map<number, Told>();
  /** COPYs that write many rows, by what came of them. */
  readonly lots = new Map<number, Told>();
  /** What people answered, and were told that it counts, by the held statement's number. */
  readonly answers = new Map<number, "approve" | "deny">();
  /** Answers that were done, and are not all that was asked for. */
  readonly short: string[] = [];
  /** Codes of refusals and ends, counted. */
  readonly codes = new Map<string, number>();
  /** What broke without a reason, or hung. */
  readonly complaints: Complaint[] = [];
  /** Where a client saw what it may not see. */
  readonly unmasked: string[] = [];
  #next = 1;

  key(): number {
    return this.#next++;
  }

  count(told: Told): number {
    let count = 0;
    for (const one of this.told.values()) if (one === told) count += 1;
    return count;
  }

  look(what: unknown, where: string): void {
    const text = JSON.stringify(what) ?? "";
    if (text.includes(canary.email) || text.includes(canary.card)) this.unmasked.push(where);
  }
}
