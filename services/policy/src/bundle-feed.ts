import { jetstream } from "@nats-io/jetstream";
import { Kvm, type KV, type KvEntry } from "@nats-io/kv";
import { BeatListener, parseLine, SetBack, type Bus } from "@sallyport/bus";
import { loadBundle, policyMistakeText, type Engine } from "@sallyport/cedar";
import { buckets, Bundle, keys, otherVersion } from "@sallyport/contracts";
import type { Log } from "@sallyport/runtime";

/** The policies in force. */
export interface InForce {
  readonly engine: Engine;
  readonly bundle: Bundle;
  /** Revision of the bundle that the engine was made of. */
  readonly under: number;
}

/** While no beat is heard, in milliseconds. */
const readEvery = 5000;

/**
 * Follows the bundle. The bucket is read at the start, when authn's beat or a command names a higher revision, and
 * every few seconds while no beat is heard; there is no watch, because a watch can go deaf (docs/adr/0004). A bundle that
 * does not load is refused, and the last one that loads stays in force. When the bucket has lost its storage, what was
 * applied to the new one counts, although its revisions are lower.
 */
export class BundleFeed {
  readonly #bucket: KV;
  readonly #log: Log;
  readonly #alarms: Bus["alarms"];
  readonly #timer: NodeJS.Timeout;
  readonly #beats: BeatListener;
  #inForce: InForce | null = null;
  #revision = 0;
  #refused: { revision: number; mistakes: readonly string[] } | null = null;
  #reading: Promise<void> | null = null;

  private constructor(bus: Bus, bucket: KV, log: Log) {
    this.#bucket = bucket;
    this.#log = log;
    this.#alarms = bus.alarms;
    this.#beats = new BeatListener(bus);
    const setBack = new SetBack();
    this.#beats.onBeat(({ bundle }) => {
      if (bundle > this.#revision) void this.#read();
      else if (setBack.hear(bundle, this.#revision, performance.now())) void this.#read(true);
    });
    this.#timer = setInterval(() => {
      if (!this.#beats.fresh()) void this.#read();
    }, readEvery);
    this.#timer.unref();
  }

  static async open(bus: Bus, log: Log): Promise<BundleFeed> {
    const manager = new Kvm(jetstream(bus.nats, { checkAPI: false, timeout: 3000 }));
    const bucket = await manager.open(buckets.bundle, { bindOnly: true, allow_direct: true });
    const feed = new BundleFeed(bus, bucket, log);
    await feed.#read();
    return feed;
  }

  /** Null before the first bundle that loads. */
  get inForce(): InForce | null {
    return this.#inForce;
  }

  /** The latest revision that was read, refused or not. */
  get revision(): number {
    return this.#revision;
  }

  /** The latest revision when it was refused, with every mistake in it. */
  get refused(): { readonly revision: number; readonly mistakes: readonly string[] } | null {
    return this.#refused;
  }

  /** Reads the bucket if this revision is not known yet. Resolves in any case; look at `revision` afterwards. */
  async catchUp(revision: number): Promise<void> {
    if (revision <= this.#revision) return;
    await this.#read();
    // The read that was under way may have begun before that revision was there.
    if (revision > this.#revision) await this.#read();
  }

  stop(): void {
    clearInterval(this.#timer);
    this.#beats.stop();
  }

  /** @param setBack a lower revision than the one that is known counts, too */
  #read(setBack = false): Promise<void> {
    this.#reading ??= this.#readOnce(setBack)
      .catch((err: unknown) => this.#log.warn({ err }, "the bundle cannot be read"))
      .finally(() => {
        this.#reading = null;
      });
    return this.#reading;
  }

  async #readOnce(setBack: boolean): Promise<void> {
    const entry = await this.#bucket.get(keys.bundle);
    if (!entry || entry.revision === this.#revision) return;
    const { revision } = entry;
    const again = revision < this.#revision;
    if (again && !setBack) return;
    if (again)
      this.#alarms.raise("bundle-set-back", "the bundle's storage was lost", {
        from: this.#revision,
        revision,
      });
    const read = readBundle(entry);
    const known = again ? 0 : (this.#inForce?.under ?? 0);
    const found = "mistakes" in read ? await this.#lastThatLoads(revision, known) : read;
    if (found) {
      this.#inForce = found;
      const policies = found.engine.policies.length;
      this.#log.info({ revision: found.under, policies }, "a bundle is in force");
    }
    this.#revision = revision;
    this.#refused = "mistakes" in read ? { revision, mistakes: read.mistakes } : null;
    if (this.#refused)
      this.#log.error(
        { ...this.#refused, under: this.#inForce?.under ?? null },
        "a bundle is refused; the last one that loads stays",
      );
  }

  /** Beside a refused bundle: the newest before it that is newer than ours, so that all processes stay with the same. */
  async #lastThatLoads(before: number, known: number): Promise<InForce | null> {
    const newer: KvEntry[] = [];
    for await (const entry of await this.#bucket.history({ key: keys.bundle }))
      if (entry.revision < before && entry.revision > known) newer.push(entry);
    for (const entry of newer.toSorted((a, b) => b.revision - a.revision)) {
      const read = readBundle(entry);
      if (!("mistakes" in read)) return read;
    }
    return null;
  }
}

/** The bundle of an entry, ready to judge under, or everything that is wrong with it. */
function readBundle(entry: KvEntry): InForce | { readonly mistakes: readonly string[] } {
  const value = parseLine(entry.value);
  const parsed = entry.operation === "PUT" ? Bundle.safeParse(value) : undefined;
  if (!parsed?.success)
    return { mistakes: [otherVersion(value) ?? "the bundle is not of this version"] };
  const loaded = loadBundle(parsed.data);
  return "mistakes" in loaded
    ? { mistakes: loaded.mistakes.map(policyMistakeText) }
    : { engine: loaded.engine, bundle: parsed.data, under: entry.revision };
}
