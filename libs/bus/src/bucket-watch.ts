import type { Msg, Subscription } from "@nats-io/transport-node";
import { eventHash, randomId } from "@sallyport/contracts";
import type { Bucket, Entry } from "./buckets.ts";
import type { Bus } from "./connect.ts";

/** What happened to a key: a value of the schema, or null where it was deleted or is unreadable (an alarm). */
export type BucketChange<T> =
  | (Entry<T> & { readonly kind: "value" })
  | { readonly kind: "gone"; readonly key: string; readonly revision: number };

const heartbeat = 1000;
const silence = 3000;
const millisecond = 1_000_000;
/** `$JS.ACK.<stream>.<consumer>.<delivered>.<stream sequence>.<consumer sequence>.<time>.<pending>` */
const ackTokens = 9;

/**
 * Tells the last value of every key of a bucket, and each change after that. A watch can go deaf while its connection
 * is up (the server that holds it is gone), so silence, a gap or a reconnection opens it anew; then only what differs
 * from what was told is told, also when the bucket's storage was lost and its revisions began again.
 */
export class BucketWatch<T> {
  readonly #bus: Bus;
  readonly #bucket: Bucket<T>;
  readonly #listener: (change: BucketChange<T>) => void;
  /** Revision and hash of what was last told of each key. */
  readonly #told = new Map<string, string>();
  /** Keys heard since the watch was opened, until all of the start are. */
  #starting: Set<string> | null = null;
  readonly #ready = Promise.withResolvers<void>();
  readonly #timer: NodeJS.Timeout;
  readonly #endStatus: () => void;
  #subscription: Subscription | undefined;
  #expected = 1;
  #heardAt = performance.now();
  #revision = 0;
  #opening = false;

  constructor(bus: Bus, bucket: Bucket<T>, listener: (change: BucketChange<T>) => void) {
    this.#bus = bus;
    this.#bucket = bucket;
    this.#listener = listener;
    this.#timer = setInterval(() => {
      if (performance.now() - this.#heardAt > silence) void this.#open();
    }, 500);
    this.#timer.unref();
    this.#endStatus = bus.onStatus((status) => {
      if (status === "connected") void this.#open();
    });
    void this.#open();
  }

  /** Resolves when the values of the start have been told. */
  get ready(): Promise<void> {
    return this.#ready.promise;
  }

  /** The highest revision heard since the watch was last opened; 0 before the first. */
  get revision(): number {
    return this.#revision;
  }

  stop(): void {
    clearInterval(this.#timer);
    this.#endStatus();
    this.#subscription?.unsubscribe();
  }

  async #open(): Promise<void> {
    if (this.#opening || !this.#bus.connected) return;
    this.#opening = true;
    this.#heardAt = performance.now();
    this.#subscription?.unsubscribe();
    this.#expected = 1;
    this.#revision = 0;
    this.#starting = new Set();
    const name = randomId();
    const stream = `KV_${this.#bucket.name}`;
    const filter = `$KV.${this.#bucket.name}.>`;
    const deliver = `${this.#bus.gateInbox}.watch-${name}`;
    this.#subscription = this.#bus.subscribe(deliver, (message) => this.#hear(message));
    try {
      const answer = await this.#bus.nats.request(
        `$JS.API.CONSUMER.CREATE.${stream}.${name}.${filter}`,
        JSON.stringify({
          stream_name: stream,
          config: {
            name,
            deliver_subject: deliver,
            deliver_policy: "last_per_subject",
            ack_policy: "none",
            filter_subject: filter,
            flow_control: true,
            idle_heartbeat: heartbeat * millisecond,
            mem_storage: true,
            num_replicas: 1,
          },
        }),
        { timeout: 2000 },
      );
      const { num_pending: pending, error } = answer.json<{
        num_pending?: number;
        error?: { description?: string };
      }>();
      if (error) throw new Error(error.description ?? "refused");
      if (pending === 0 && this.#expected === 1) this.#started();
    } catch (err) {
      // The server may have made it all the same, and would be heard for ever, without a word that it has begun.
      this.#subscription.unsubscribe();
      this.#bus.log.warn({ err, bucket: this.#bucket.name }, "a bucket cannot be watched yet");
    } finally {
      this.#opening = false;
    }
  }

  #hear(message: Msg): void {
    this.#heardAt = performance.now();
    if (message.headers?.code === 100) {
      if (message.reply) this.#bus.publish(message.reply, "");
      const last = message.headers.get("Nats-Last-Consumer");
      if (last !== "" && Number(last) !== this.#expected - 1) void this.#open();
      return;
    }
    const prefix = `$KV.${this.#bucket.name}.`;
    const tokens = message.reply?.split(".") ?? [];
    if (
      tokens.length < ackTokens ||
      !message.reply?.startsWith(`$JS.ACK.`) ||
      !message.subject.startsWith(prefix)
    ) {
      this.#bus.alarms.raise("watch", "a message on a watch is none of its bucket");
      return;
    }
    const [seq, consumerSeq, , pending] = tokens.slice(-4).map(Number);
    if (seq === undefined || consumerSeq !== this.#expected) {
      void this.#open();
      return;
    }
    this.#expected++;
    this.#tell(message.subject.slice(prefix.length), seq, message);
    if (pending === 0) this.#started();
  }

  /** All values of the start were heard: keys that were there before and are no more are gone. */
  #started(): void {
    const heard = this.#starting;
    this.#starting = null;
    for (const key of heard ? this.#told.keys() : []) {
      if (heard?.has(key)) continue;
      this.#told.delete(key);
      this.#listener({ kind: "gone", key, revision: 0 });
    }
    this.#ready.resolve();
  }

  #tell(key: string, revision: number, message: Msg): void {
    this.#starting?.add(key);
    if (revision > this.#revision) this.#revision = revision;
    const content = `${revision} ${eventHash(message.data)}`;
    if (this.#told.get(key) === content) return;
    this.#told.set(key, content);
    this.#listener(this.#change(key, revision, message));
  }

  #change(key: string, revision: number, message: Msg): BucketChange<T> {
    if (message.headers?.get("KV-Operation")) return { kind: "gone", key, revision };
    try {
      return { kind: "value", ...this.#bucket.read(key, message.data, revision) };
    } catch (err) {
      this.#bus.alarms.raise("bucket", "a bucket holds what it must not", { err, key });
      return { kind: "gone", key, revision };
    }
  }
}
