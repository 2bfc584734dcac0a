import type { Bus } from "@sallyport/bus";
import { buckets, keys, randomId } from "@sallyport/contracts";
import { sealBundle, type SealedObject } from "@sallyport/evidence";
import { z } from "zod";

const patience = 2000;
const subject = `$KV.${buckets.bundle}.${keys.bundle}`;
const Created = z.object({ num_pending: z.number().int() });

/**
 * Copies of the bundle revisions that verdicts name, read from the bucket's history. A revision is read once a
 * process; the archive takes the same one again under the same name.
 */
export class BundleRevisions {
  readonly #bus: Bus;
  readonly #known = new Map<number, SealedObject>();

  constructor(bus: Bus) {
    this.#bus = bus;
  }

  /** The revision as an object; null when the bucket no longer has it. Rejects when no answer comes in 2 s. */
  async read(revision: number): Promise<SealedObject | null> {
    const known = this.#known.get(revision);
    if (known !== undefined) return known;
    const bytes = await this.#fetch(revision);
    if (bytes === null) return null;
    const sealed = sealBundle(revision, bytes);
    this.#known.set(revision, sealed);
    for (const oldest of this.#known.keys()) {
      if (this.#known.size <= 8) break;
      this.#known.delete(oldest);
    }
    return sealed;
  }

  /**
   * A consumer that starts at the revision and may have one unacknowledged message is the way to an old value that
   * our permissions leave: a direct get by key gives only the newest.
   */
  async #fetch(revision: number): Promise<Buffer | null> {
    if (!this.#bus.connected) throw new Error("the bus is lost");
    const stream = `KV_${buckets.bundle}`;
    const name = `recorder-${randomId()}`;
    const inbox = `${this.#bus.gateInbox}.${randomId()}`;
    const first = Promise.withResolvers<Buffer | null>();
    const late = setTimeout(() => first.reject(new Error("no bundle came")), patience);
    first.promise.catch(() => undefined);
    const subscription = this.#bus.subscribe(inbox, (message) => {
      first.resolve(streamSequence(message.reply) === revision ? Buffer.from(message.data) : null);
    });
    try {
      const answer = await this.#bus.nats.request(
        `$JS.API.CONSUMER.CREATE.${stream}.${name}.${subject}`,
        JSON.stringify({
          stream_name: stream,
          action: "create",
          config: {
            name,
            deliver_subject: inbox,
            deliver_policy: "by_start_sequence",
            opt_start_seq: revision,
            ack_policy: "explicit",
            max_ack_pending: 1,
            filter_subject: subject,
            inactive_threshold: 5_000_000_000,
            mem_storage: true,
            num_replicas: 1,
          },
        }),
        { timeout: patience },
      );
      if (Created.parse(answer.json()).num_pending === 0) first.resolve(null);
      return await first.promise;
    } finally {
      clearTimeout(late);
      subscription.unsubscribe();
    }
  }
}

/** `$JS.ACK.<stream>.<consumer>.<delivered>.<stream sequence>…`; newer servers put domain and account before it. */
function streamSequence(reply: string | undefined): number {
  const tokens = reply?.split(".") ?? [];
  return Number(tokens.length === 9 ? tokens[5] : tokens[7]);
}
