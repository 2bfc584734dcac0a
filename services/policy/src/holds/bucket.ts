import { jetstream, JetStreamApiCodes, JetStreamApiError } from "@nats-io/jetstream";
import { Kvm, type KV } from "@nats-io/kv";
import { parseLine, type Bus } from "@sallyport/bus";
import { Answers, buckets, Hold, keys } from "@sallyport/contracts";

export interface StoredHold {
  readonly hold: Hold;
  /** What the next write must name. */
  readonly revision: number;
}

/** Thrown for a value in the bucket that is not of this version: nothing is decided on it. */
export class UnreadableHold extends Error {
  override readonly name = "UnreadableHold";
}

const raced: ReadonlySet<number> = new Set([
  JetStreamApiCodes.StreamWrongLastSequence,
  JetStreamApiCodes.StreamWrongLastSequenceUnknown,
]);

/** Holds and answers in the approvals bucket. Policy writes holds only, and only by compare-and-set. */
export class HoldBucket {
  readonly #bucket: KV;

  private constructor(bucket: KV) {
    this.#bucket = bucket;
  }

  static async open(bus: Bus): Promise<HoldBucket> {
    const manager = new Kvm(jetstream(bus.nats, { checkAPI: false, timeout: 3000 }));
    return new HoldBucket(
      await manager.open(buckets.approvals, { bindOnly: true, allow_direct: true }),
    );
  }

  async hold(key: string): Promise<StoredHold | null> {
    const entry = await this.#bucket.get(keys.hold(key));
    if (entry?.operation !== "PUT") return null;
    const parsed = Hold.safeParse(parseLine(entry.value));
    if (!parsed.success || parsed.data.key !== key)
      throw new UnreadableHold(`the hold under \`${key}\` cannot be read`);
    return { hold: parsed.data, revision: entry.revision };
  }

  /** False when somebody wrote since `revision` (0: nothing may be there). */
  async write(hold: Hold, revision: number): Promise<boolean> {
    try {
      await this.#bucket.put(keys.hold(hold.key), JSON.stringify(hold), { previousSeq: revision });
      return true;
    } catch (cause) {
      if (cause instanceof JetStreamApiError && raced.has(cause.code)) return false;
      throw cause;
    }
  }

  /** Null when nobody answered, or when what is there is no answer: approvals count only when they are read. */
  async answers(hold: string): Promise<Answers | null> {
    const entry = await this.#bucket.get(keys.answer(hold));
    if (entry?.operation !== "PUT") return null;
    return Answers.safeParse(parseLine(entry.value)).data ?? null;
  }
}
