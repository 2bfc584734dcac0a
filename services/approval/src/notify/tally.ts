import type { Notices } from "../notices.ts";

/** What one webhook's deliveries came to since this process began; for the health page. */
export class Tally {
  #delivered = 0;
  #failures = 0;
  #abandoned = 0;
  #last: { readonly problem: string; readonly time: string } | null = null;

  delivered(): void {
    this.#delivered++;
  }

  failed(problem: string, now: number): void {
    this.#failures++;
    this.#last = { problem, time: new Date(now).toISOString() };
  }

  abandoned(): void {
    this.#abandoned++;
  }

  /** `undelivered`: what waits for another attempt now, by whichever process; `oldest`: since when the oldest does. */
  status({ count, oldest }: ReturnType<Notices["undelivered"]>) {
    return {
      delivered: this.#delivered,
      failures: this.#failures,
      abandoned: this.#abandoned,
      undelivered: count,
      oldest: oldest === null ? null : new Date(oldest).toISOString(),
      lastFailure: this.#last,
    };
  }
}
