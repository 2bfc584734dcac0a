import { Bucket, RevocationEntry, type Bus } from "@sallyport/bus";
import { Answers, buckets, Hold, keys } from "@sallyport/contracts";

export interface StoredHold {
  readonly hold: Hold;
  /** What the next write must name. */
  readonly revision: number;
}

/** Holds and answers in the approvals bucket, and whose answers count no more. Policy writes holds only, and only by compare-and-set. */
export class HoldBucket {
  readonly #holds: Bucket<Hold>;
  readonly #answers: Bucket<Answers>;
  readonly #revocations: Bucket<RevocationEntry>;

  constructor(bus: Bus) {
    this.#holds = new Bucket(bus, buckets.approvals, Hold);
    this.#answers = new Bucket(bus, buckets.approvals, Answers);
    this.#revocations = new Bucket(bus, buckets.revocations, RevocationEntry);
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

  /**
   * Those of these principals who are revoked, read anew: who was revoked a moment ago must not be believed for a watch
   * that is late. Throws where nobody answers, and then nothing is decided.
   */
  async revoked(principals: readonly string[]): Promise<ReadonlySet<string>> {
    const all = new Set<string>();
    for (const principal of new Set(principals)) {
      const entry = await this.#revocations.get(keys.revocation(principal));
      if (entry?.value.type === "revocation" && entry.value.state === "revoked") all.add(principal);
    }
    return all;
  }

  /** Null when nobody answered yet. */
  async answers(hold: string): Promise<Answers | null> {
    return (await this.#answers.get(keys.answer(hold)))?.value ?? null;
  }
}
