import { BeatListener, Bucket, BucketWatch, SetBack, type Bus } from "@sallyport/bus";
import { ArchivedBundle, buckets, keys, randomId } from "@sallyport/contracts";
import { sealBundle, type ArchiveStore, type SealedObject } from "@sallyport/evidence";
import { z } from "zod";

const patience = 2000;
const subject = `$KV.${buckets.bundle}.${keys.bundle}`;
const Created = z.object({ num_pending: z.number().int() });

/** Copies that are kept in memory. */
const most = 16;
/** The bucket forgets what is told in it after 10 s. */
const tellEvery = 3000;

/**
 * Copies of the bundle revisions that verdicts name. Each revision that the bucket's watch or authn's beat tells of is
 * read and put into the archive at once, and that is told, for whoever applied it: when the bus loses its storage, policy
 * judges by the lost bundle until it has taken the new one, and only there it still lies. A bucket that was set back counts anew, so one number may stand for two bundles; both are kept then.
 */
export class BundleRevisions {
  readonly #bus: Bus;
  readonly #store: ArchiveStore;
  readonly #beats: BeatListener;
  readonly #watch: BucketWatch<unknown>;
  readonly #told: Bucket<ArchivedBundle>;
  readonly #timer: NodeJS.Timeout;
  /** By key in the archive, oldest first. */
  readonly #kept = new Map<string, SealedObject>();
  /** Those of them that were read from the bucket as it is now. */
  readonly #current = new Map<number, SealedObject>();
  #newest = 0;
  #heard = 0;
  #reading = false;

  constructor(bus: Bus, store: ArchiveStore) {
    this.#bus = bus;
    this.#store = store;
    this.#beats = new BeatListener(bus);
    const setBack = new SetBack();
    this.#beats.onBeat(({ bundle }) => {
      if (setBack.hear(bundle, this.#newest, performance.now())) this.setBack();
      if (bundle > this.#newest) void this.#follow(bundle);
    });
    // A watch can be deaf, and a beat is late; what the watch tells is there.
    this.#watch = new BucketWatch(bus, new Bucket(bus, buckets.bundle, z.unknown()), (change) => {
      if (change.key !== keys.bundle) return;
      if (change.revision <= this.#newest) this.setBack();
      if (change.kind === "value") void this.#follow(change.revision);
    });
    this.#told = new Bucket(bus, buckets.leases, ArchivedBundle);
    this.#timer = setInterval(() => void this.#tell(), tellEvery);
    this.#timer.unref();
  }

  /** The newest revision that was heard of and is in the archive; 0 before the first. */
  get newest(): number {
    return this.#newest;
  }

  stop(): void {
    clearInterval(this.#timer);
    this.#watch.stop();
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

  /** Brings the archive to what was heard last; one at a time. */
  async #follow(revision: number): Promise<void> {
    this.#heard = revision;
    if (this.#reading) return;
    this.#reading = true;
    try {
      while (this.#newest !== this.#heard) {
        const heard = this.#heard;
        // A sequence of the bucket that is no bundle, or no longer there, is not asked for again.
        await this.#copy(heard);
        const sealed = this.#current.get(heard);
        if (sealed) await this.#store.putIfAbsent(sealed.key, sealed.bytes);
        this.#newest = heard;
        await this.#tell();
      }
    } catch (err) {
      this.#bus.log.debug({ err, revision }, "a bundle is not archived; the next beat tells of it");
    } finally {
      this.#reading = false;
    }
  }

  /** Says which bundle is in the archive. Nothing depends on it but what whoever applied it is told. */
  async #tell(): Promise<void> {
    const sealed = this.#current.get(this.#newest);
    if (!sealed || !this.#bus.connected) return;
    const { sha256 } = sealed;
    const told: ArchivedBundle = { v: 1, type: "archived-bundle", revision: this.#newest, sha256 };
    await this.#told.put(keys.archivedBundle, told).catch((err: unknown) => {
      this.#bus.log.debug({ err }, "what is archived could not be told");
    });
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
