/** How long a mark lives at least, in milliseconds. */
const shortest = 10;

/** Who has sent something lately: whom a message may wait for. */
export class RecentSenders {
  #young = new Set<string>();
  #old = new Set<string>();
  #turned = Number.NEGATIVE_INFINITY;

  /** `now` and `life`, of a mark, in milliseconds. */
  note(sender: string, now: number, life: number): void {
    const age = now - this.#turned;
    const limit = Math.max(shortest, life);
    if (age >= limit) {
      this.#old = age < 2 * limit ? this.#young : new Set();
      this.#young = new Set();
      this.#turned = now;
    }
    this.#young.add(sender);
  }

  /** How many: those of this stretch of time or of the one before, whichever has more. */
  get count(): number {
    return Math.max(this.#young.size, this.#old.size);
  }
}
