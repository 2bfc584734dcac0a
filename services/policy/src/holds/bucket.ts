import { Bucket, type Bus } from "@sallyport/bus";
import { Answers, buckets, Hold, keys } from "@sallyport/contracts";

export interface StoredHold {
  readonly hold: Hold;
  /** What the next write must name. */
  readonly revision: number;
}

/** Holds and answers in the approvals bucket. Policy writes holds only, and only by compare-and-set. */
export class HoldBucket {
  readonly #holds: Bucket<Hold>;
  readonly #answers: Bucket<Answers>;

  constructor(bus: Bus) {
    this.#holds = new Bucket(bus, buckets.approvals, Hold);
    this.#answers = new Bucket(bus, buckets.approvals, Answers);
  }

  async hold(key: string): Promise<StoredHold | null> {
    const entry = await this.#holds.get(keys.hold(key));
    if (!entry) return null;
    if (entry.value.key !== key) throw new Error(`the hold under \`${key}\` is another's`);
    return { hold: entry.value, revision: entry.revision };
  }

  /** The new revision; null when somebody wrote since `revision` (0: nothing may be there). */
  write(hold: Hold, revision: number): Promise<number | null> {
    return revision === 0
      ? this.#holds.create(keys.hold(hold.key), hold)
      : this.#holds.update(keys.hold(hold.key), hold, revision);
  }

  /** Forgets a hold that is long over; false when somebody wrote since `revision`. */
  forget(key: string, revision: number): Promise<boolean> {
    return this.#holds.delete(keys.hold(key), revision);
  }

  /** Null when nobody answered yet. */
  async answers(hold: string): Promise<Answers | null> {
    return (await this.#answers.get(keys.answer(hold)))?.value ?? null;
  }
}
