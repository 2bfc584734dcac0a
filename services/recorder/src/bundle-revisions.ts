import { BeatListener, type Bus } from "@sallyport/bus";
import { buckets, keys, randomId } from "@sallyport/contracts";
import { sealBundle, type ArchiveStore, type SealedObject } from "@sallyport/evidence";
import { z } from "zod";

const patience = 2000;
const subject = `$KV.${buckets.bundle}.${keys.bundle}`;
const Created = z.object({ num_pending: z.number().int() });

/** Copies that are kept in memory. */
const most = 16;

/**
 * Copies of the bundle revisions that verdicts name. Each revision that authn's beat tells of is read at once: when the
 * bus loses its storage, policy judges by the lost bundle until it has taken the new one, and only here it still lies.
 * A bucket that was set back counts anew, so one number may stand for two bundles; both are kept then.
 */
export class BundleRevisions {
  readonly #bus: Bus;
  readonly #store: ArchiveStore;
  readonly #beats: BeatListener;
  /** By key in the archive, oldest first. */
  readonly #kept = new Map<string, SealedObject>();
  /** Those of them that were read from the bucket as it is now. */
  readonly #current = new Map<number, SealedObject>();
  #newest = 0;
  #reading = false;

  constructor(bus: Bus, store: ArchiveStore) {
    this.#bus = bus;
    this.#store = store;
    this.#beats = new BeatListener(bus);
    this.#beats.onBeat(({ bundle }) => {
      if (bundle < this.#newest) this.setBack();
      if (bundle !== this.#newest && !this.#reading) void this.#follow(bundle);
    });
  }

  /** The newest revision that was heard of and is kept; 0 before the first. */
  get newest(): number {
    return this.#newest;
  }

  stop(): void {
    this.#beats.stop();
  }

  /** The bus may have lost its storage: what was read stays kept, and numbers are looked up anew. */
  setBack(): void {
    this.#current.clear();
    this.#newest = 0;
  }

  /**
   * The revision as objects: more than one when the bucket was set back meanwhile, none when it is neither there nor
   * kept nor in the archive. Rejects when no answer comes in 2 s.
   */
  async read(revision: number): Promise<SealedObject[]> {
    await this.#copy(revision);
    const found = [...this.#kept.values()].filter((kept) => kept.revision === revision);
    return found.length > 0 ? found : this.#archived(revision);
  }

  async #follow(revision: number): Promise<void> {
    this.#reading = true;
    try {
      // A sequence of the bucket that is no bundle, or no longer there, is not asked for again.
      await this.#copy(revision);
      this.#newest = revision;
    } catch (err) {
      this.#bus.log.debug({ err, revision }, "the bundle was not read; the next beat tells of it");
    } finally {
      this.#reading = false;
    }
  }

  async #copy(revision: number): Promise<void> {
    if (revision === 0 || this.#current.has(revision)) return;
    const bytes = await this.#fetch(revision);
    if (bytes === null) return;
    const sealed = sealBundle(revision, bytes);
    this.#current.set(revision, sealed);
    this.#kept.set(sealed.key, sealed);
    for (const [key, oldest] of this.#kept) {
      if (this.#kept.size <= most) break;
      this.#kept.delete(key);
      if (this.#current.get(oldest.revision ?? 0)?.key === key)
        this.#current.delete(oldest.revision ?? 0);
    }
  }

  /** What the archive took before this process began. */
  async #archived(revision: number): Promise<SealedObject[]> {
    const found: SealedObject[] = [];
    for await (const key of this.#store.list(`bundles/${revision}-`)) {
      const bytes = await this.#store.get(key);
      const sealed = bytes && sealBundle(revision, bytes);
      if (sealed?.key === key) found.push(sealed);
    }
    return found;
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
