import {
  Segment,
  Slabs,
  type EventGist,
  type SealedObject,
  type StoredMessage,
} from "@sallyport/evidence";
import { streams } from "@sallyport/contracts";
import type { BundleRevisions } from "./bundle-revisions.ts";
import { ChainWriter, LostRace, type Prepared } from "./chain-writer.ts";
import { Intake } from "./intake.ts";
import { recentOwners } from "./recent-owners.ts";
import type { RecorderOptions } from "./recorder.ts";
import { StreamLeader } from "./stream-leader.ts";
import { StreamReading } from "./stream-reading.ts";

/** What the work tells of itself. */
export interface Progress {
  readonly manifest: number;
  readonly committed: string | null;
  readonly position: { readonly record: number; readonly output: number };
  /** Messages that lie in the streams and were not read yet, as of the last look. */
  readonly lag: { readonly record: number; readonly output: number };
  /** Why the archive takes nothing, null when it does. */
  readonly archive: string | null;
}

/** Hears of one partition's work, for telemetry. */
export interface ArchivingWatch {
  /** The work begins, or begins anew: nothing is in hand. */
  began(): void;
  read(message: StoredMessage): void;
  /** Nothing is left to be read for now. */
  caughtUp(): void;
  event(event: EventGist, seq: number): void;
  /** All that was read is in the archive. */
  committed(manifest: number): void;
}

export interface ArchivingOptions extends RecorderOptions {
  readonly bundles: BundleRevisions;
  /** False when the recorder stops meanwhile. */
  readonly pause: (milliseconds: number) => Promise<boolean>;
  readonly tell: (progress: Partial<Progress>) => void;
}

interface Parts {
  readonly chain: ChainWriter;
  readonly record: StreamReading;
  readonly output: StreamReading;
  readonly intake: Intake;
}

/**
 * One partition's work from where its chain ends: read both streams into a segment, commit the segment to the
 * chain, purge what is committed. What was read stays in hand until it is in the chain.
 */
export class Archiving {
  readonly #options: ArchivingOptions;
  readonly #chain: ChainWriter;
  readonly #record: StreamReading;
  readonly #output: StreamReading;
  readonly #intake: Intake;
  readonly #slabs = new Slabs();
  #segment: Segment;
  /** When the oldest message of the segment was read, null while it is empty. */
  #since: number | null = null;
  /** Sealed, and not yet in the chain. */
  #prepared: Prepared | null = null;

  private constructor(options: ArchivingOptions, { chain, record, output, intake }: Parts) {
    this.#options = options;
    this.#chain = chain;
    this.#record = record;
    this.#output = output;
    this.#intake = intake;
    this.#segment = new Segment(options.partition, this.#slabs);
  }

  static async begin(options: ArchivingOptions): Promise<Archiving> {
    const { bus, partition, alarms, pause, holePatience = 5000, watch = null } = options;
    const { chain, ownership } = await readEnd(options);
    watch?.began();
    const reading = (stream: string, archived: "record" | "output"): StreamReading =>
      new StreamReading({
        bus,
        alarms,
        leader: new StreamLeader(bus, stream),
        archived: chain.end?.[archived] ?? null,
        pause,
        holePatience,
      });
    return new Archiving(options, {
      chain,
      record: reading(streams.record(partition), "record"),
      output: reading(streams.output(partition), "output"),
      intake: new Intake(partition, ownership, alarms, watch),
    });
  }

  /** Bytes in hand. */
  get bytes(): number {
    return this.#segment.bytes;
  }

  /** Milliseconds since the oldest message in hand was read. */
  get age(): number {
    return this.#since === null ? 0 : performance.now() - this.#since;
  }

  /** One batch of each stream. Returns how much is still to be read. Not while a sealed segment waits. */
  async read(): Promise<number> {
    if (this.#prepared !== null) throw new Error("what was read before is not in the chain yet");
    const { watch = null } = this.#options;
    const lag = { record: 0, output: 0 };
    try {
      lag.record = await this.#record.read((message) => {
        this.#since ??= performance.now();
        watch?.read(message);
        this.#intake.take(this.#segment, "record", message);
      });
      lag.output = await this.#output.read((message) => {
        this.#since ??= performance.now();
        watch?.read(message);
        this.#intake.take(this.#segment, "output", message);
      });
    } finally {
      const position = { record: this.#record.position, output: this.#output.position };
      this.#options.tell({ position, lag });
    }
    const pending = lag.record + lag.output;
    if (pending === 0) watch?.caughtUp();
    return pending;
  }

  /**
   * At the start and after whatever interrupted the reading: what was read is committed first, because a bus that
   * was set back has it no longer; then both streams are compared with their anchors, and only then purged.
   */
  async settle(goOn: () => boolean): Promise<void> {
    await this.commit(goOn);
    const setBack = [await this.#record.compare(), await this.#output.compare()];
    if (setBack.includes(true)) this.#options.bundles.setBack();
    await this.commit(goOn);
    await this.purge();
  }

  /** Puts what was read into the chain, and tries again while `goOn` says so. @throws {LostRace} */
  async commit(goOn: () => boolean): Promise<void> {
    if (this.#prepared === null) {
      if (!this.#record.changed && !this.#output.changed) return;
      this.#prepared = await this.#prepare();
    }
    for (let attempt = 0; ; attempt++) {
      try {
        await this.#chain.commit(this.#prepared);
        break;
      } catch (err) {
        if (err instanceof LostRace) throw err;
        this.#options.tell({ archive: err instanceof Error ? err.message : String(err) });
        this.#options.alarms.raise("archive-unwritable", "the archive does not take the record", {
          err,
        });
        if (!goOn()) throw err;
        await this.#options.pause(Math.min(5000, 250 * 2 ** attempt));
      }
    }
    this.#prepared = null;
    this.#segment = new Segment(this.#options.partition, this.#slabs);
    this.#since = null;
    this.#intake.revisions.clear();
    this.#record.committed();
    this.#output.committed();
    const { end } = this.#chain;
    this.#options.watch?.committed(end?.n ?? 0);
    this.#options.tell({
      archive: null,
      manifest: end?.n ?? 0,
      committed: end === null ? null : new Date(end.time).toISOString(),
    });
    this.#options.log.debug({ manifest: end?.n, objects: end?.objects.length }, "committed");
  }

  /**
   * Only what the chain has, and only while the chain's anchor lies where it lay: on a stream that was set back, the
   * sequence alone would delete what nobody has read.
   */
  async purge(): Promise<void> {
    for (const [stream, reading] of [
      ["record", this.#record],
      ["output", this.#output],
    ] as const) {
      const anchor = this.#chain.end?.[stream].anchor ?? null;
      if (anchor === null) continue;
      if (!(await reading.leader.holds(anchor)))
        throw new Error(`${stream}: the anchor is gone, so nothing is purged`);
      await reading.leader.purgeBelow(anchor.seq);
    }
  }

  async #prepare(): Promise<Prepared> {
    const { objects, missing } = await this.#bundleObjects(this.#intake.revisions);
    return this.#chain.prepare([...objects, ...this.#segment.seal()], {
      time: Date.now(),
      record: this.#record.part(),
      output: this.#output.part(),
      missingBundles: missing,
    });
  }

  /** A revision that is found nowhere twice, a second apart, is lost. */
  async #bundleObjects(
    revisions: ReadonlySet<number>,
  ): Promise<{ objects: SealedObject[]; missing: number[] }> {
    const { bundles, pause, alarms } = this.#options;
    const objects: SealedObject[] = [];
    const missing: number[] = [];
    for (const revision of revisions) {
      let found = await bundles.read(revision);
      if (found.length === 0) {
        if (!(await pause(1000))) throw new Error("stopped before a bundle was found");
        found = await bundles.read(revision);
      }
      objects.push(...found);
      if (found.length > 0) continue;
      missing.push(revision);
      alarms.raise("bundle-missing", "a bundle revision was lost", { revision });
    }
    return { objects, missing };
  }
}

/** The end of the chain, from which the work goes on. */
async function readEnd({ store, partition, id, signingKey, alarms, tell }: ArchivingOptions) {
  try {
    const missing = (first: number, last: number): void => {
      alarms.raise("manifest-missing", "manifests were deleted from the archive", { first, last });
    };
    const chain = await ChainWriter.open({ store, partition, recorder: id, signingKey, missing });
    const ownership = await recentOwners(store, partition, chain.end?.n ?? 0);
    tell({ archive: null });
    return { chain, ownership };
  } catch (err) {
    tell({ archive: err instanceof Error ? err.message : String(err) });
    alarms.raise("archive-unreadable", "the archive does not tell where the record goes on", {
      err,
    });
    throw err;
  }
}
