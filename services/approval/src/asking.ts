/** Milliseconds to the next question, growing from the first to the longest. */
const firstWait = 1000;
const longestWait = 10_000;

interface Asked {
  readonly next: number;
  readonly wait: number;
}

/**
 * Which holds policy must be asked to judge now: those that are decided or past their time, and yet stand
 * as they were. Each is asked again until it changes, because either party may have been away; pure but for what it remembers.
 */
export class Asking {
  readonly #asked = new Map<string, Asked>();

  /** The holds of `due` (by id) that are to be asked at `now`; forgets those that are due no more. */
  choose(due: ReadonlySet<string>, now: number): string[] {
    for (const hold of this.#asked.keys()) if (!due.has(hold)) this.#asked.delete(hold);
    const chosen: string[] = [];
    for (const hold of due) {
      const asked = this.#asked.get(hold);
      if (asked && asked.next > now) continue;
      const wait = asked ? Math.min(asked.wait * 2, longestWait) : firstWait;
      this.#asked.set(hold, { next: now + wait, wait });
      chosen.push(hold);
    }
    return chosen;
  }
}
