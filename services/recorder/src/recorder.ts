import type { KeyObject } from "node:crypto";
import { setTimeout as delay } from "node:timers/promises";
import type { Bus } from "@sallyport/bus";
import { streams } from "@sallyport/contracts";
import { Segment, type ArchiveStore, type SealedObject } from "@sallyport/evidence";
import type { Alarms, Log } from "@sallyport/runtime";
import { BundleRevisions } from "./bundle-revisions.ts";
import { ChainWriter, LostRace, type Prepared } from "./chain-writer.ts";
import { Intake } from "./intake.ts";
import { Lease } from "./lease.ts";
import { recentOwners } from "./recent-owners.ts";
import { StreamLeader } from "./stream-leader.ts";
import { StreamReading } from "./stream-reading.ts";

export interface RecorderOptions {
  readonly bus: Bus;
  readonly store: ArchiveStore;
  readonly partition: number;
  /** What manifests and the lease call this process: unique among all that run. */
  readonly id: string;
  readonly signingKey: KeyObject;
  /** A command is in the archive so many milliseconds after it ran. */
  readonly every: number;
  /** Bytes of a segment before packing, at which it is cut; 16 MiB by default. */
  readonly segmentBytes?: number;
  /** Milliseconds that a hole in a stream may take to close; 5 s by default. */
  readonly holePatience?: number;
  readonly log: Log;
  readonly alarms: Alarms;
}

/** What the health page says. */
export interface RecorderState {
  readonly active: boolean;
  readonly manifest: number;
  readonly committed: string | null;
  readonly position: { readonly record: number; readonly output: number };
  /** Messages that lie in the streams and were not read yet, as of the last look. */
  readonly lag: { readonly record: number; readonly output: number };
  /** Why the archive takes nothing, null when it does. */
  readonly archive: string | null;
}

/** One partition's active work, from a lease to its end. */
interface Work {
  readonly chain: ChainWriter;
  readonly record: StreamReading;
  readonly output: StreamReading;
  readonly intake: Intake;
  segment: Segment;
  /** When the oldest message of the segment was read, null while it is empty. */
  since: number | null;
  /** Sealed, and not yet in the chain. */
  prepared: Prepared | null;
}

/**
 * Record → evidence, for one partition: reads both streams onward from the archive's end, cuts segments, commits
 * them to the chain, and purges what is committed but for the anchor.
 */
export class Recorder {
  readonly #options: RecorderOptions;
  readonly #bundles: BundleRevisions;
  readonly #stopping = new AbortController();
  readonly #poll: number;
  readonly #cutAfter: number;
  #running: Promise<void> | undefined;
  #state: RecorderState = {
    active: false,
    manifest: 0,
    committed: null,
    position: { record: 0, output: 0 },
    lag: { record: 0, output: 0 },
    archive: null,
  };

  constructor(options: RecorderOptions) {
    this.#options = options;
    this.#bundles = new BundleRevisions(options.bus);
    // Reading late by one poll, waiting for the cut, and writing must fit into `every`.
    this.#poll = Math.min(500, options.every / 8);
    this.#cutAfter = options.every * 0.75 - this.#poll;
  }

  get state(): RecorderState {
    return this.#state;
  }

  start(): void {
    this.#running ??= this.#run();
  }

  /** Archives what is in the streams by now, gives the lease back and ends. */
  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.#running;
  }

  get #stopped(): boolean {
    return this.#stopping.signal.aborted;
  }

  async #run(): Promise<void> {
    const { bus, partition, id, log } = this.#options;
    const lease = new Lease(bus, partition, id);
    while (!this.#stopped) {
      try {
        if (!bus.connected || !(await lease.take())) {
          await this.#pause(1000);
          continue;
        }
        log.info("this recorder is active");
        await this.#work(lease);
      } catch (err) {
        if (err instanceof LostRace) log.warn({ err }, "another recorder is active: reading anew");
        else log.warn({ err }, "recording was interrupted");
        await this.#pause(1000);
      } finally {
        this.#note({ active: false });
        await lease.giveBack().catch(() => undefined);
      }
    }
  }

  async #work(lease: Lease): Promise<void> {
    const work = await this.#begin();
    this.#note({ active: true });
    while (lease.held && !this.#stopped) {
      if (!this.#options.bus.connected) {
        await this.#pause(this.#poll);
        continue;
      }
      try {
        await this.#settle(work, lease);
        await this.#follow(work, lease);
      } catch (err) {
        if (err instanceof LostRace) throw err;
        this.#options.log.warn({ err }, "reading is begun again");
        await this.#pause(200);
      }
    }
    if (this.#stopped && lease.held && this.#options.bus.connected) {
      await this.#readAll(work, lease);
      await this.#settle(work, lease);
    } else if (work.segment.bytes > 0 || work.prepared !== null) {
      // The lease ends two seconds after our trust in it; what was read may be all that is left of it.
      await this.#commit(work, () => false);
    }
  }

  async #begin(): Promise<Work> {
    const { bus, store, partition, id, signingKey, alarms } = this.#options;
    const chain = await ChainWriter.open({ store, partition, recorder: id, signingKey });
    const ownership = await recentOwners(store, partition, chain.end?.n ?? 0);
    const reading = (stream: string, archived: "record" | "output"): StreamReading =>
      new StreamReading({
        bus,
        alarms,
        leader: new StreamLeader(bus, stream),
        archived: chain.end?.[archived] ?? null,
        pause: (milliseconds) => this.#pause(milliseconds),
        holePatience: this.#options.holePatience ?? 5000,
      });
    return {
      chain,
      record: reading(streams.record(partition), "record"),
      output: reading(streams.output(partition), "output"),
      intake: new Intake(partition, ownership, alarms),
      segment: new Segment(partition),
      since: null,
      prepared: null,
    };
  }

  /**
   * At the start and after whatever interrupted the reading: what was read is committed first, because a bus that
   * was set back has it no longer; then both streams are compared with their anchors, and only then purged.
   */
  async #settle(work: Work, lease: Lease): Promise<void> {
    await this.#commit(work, () => lease.held);
    await work.record.compare();
    await work.output.compare();
    await this.#commit(work, () => lease.held);
    await this.#purge(work);
  }

  async #follow(work: Work, lease: Lease): Promise<void> {
    const { bus, segmentBytes = 16 * 1024 ** 2 } = this.#options;
    while (lease.held && !this.#stopped && bus.connected) {
      const pending = await this.#read(work);
      const due = work.since !== null && performance.now() - work.since >= this.#cutAfter;
      if (due || work.segment.bytes >= segmentBytes) {
        await this.#commit(work, () => lease.held);
        await this.#purge(work);
      }
      if (pending === 0) await this.#pause(this.#poll);
    }
  }

  async #readAll(work: Work, lease: Lease): Promise<void> {
    const { segmentBytes = 16 * 1024 ** 2 } = this.#options;
    while (lease.held && work.segment.bytes < segmentBytes && (await this.#read(work)) > 0);
  }

  /** One batch of each stream. Returns how much is still to be read. */
  async #read(work: Work): Promise<number> {
    const pending = { record: 0, output: 0 };
    try {
      for (const stream of ["record", "output"] as const) {
        pending[stream] = await work[stream].read((message) => {
          work.since ??= performance.now();
          work.intake.take(work.segment, stream, message);
        });
      }
    } finally {
      const { record, output } = work;
      this.#note({ position: { record: record.position, output: output.position }, lag: pending });
    }
    return pending.record + pending.output;
  }

  /** Puts what was read into the chain, and tries again while `goOn` says so. @throws {LostRace} */
  async #commit(work: Work, goOn: () => boolean): Promise<void> {
    if (work.prepared === null) {
      if (work.segment.bytes === 0 && !work.record.changed && !work.output.changed) return;
      const { objects, missing } = await this.#bundleObjects(work.intake.revisions);
      work.prepared = work.chain.prepare([...objects, ...work.segment.seal()], {
        time: Date.now(),
        record: work.record.part(),
        output: work.output.part(),
        missingBundles: missing,
      });
    }
    for (let attempt = 0; ; attempt++) {
      try {
        await work.chain.commit(work.prepared);
        break;
      } catch (err) {
        if (err instanceof LostRace) throw err;
        this.#note({ archive: err instanceof Error ? err.message : String(err) });
        this.#options.alarms.raise("archive-unwritable", "the archive does not take the record", {
          err,
        });
        if (!goOn() || this.#stopped) throw err;
        await this.#pause(Math.min(5000, 250 * 2 ** attempt));
      }
    }
    work.prepared = null;
    work.segment = new Segment(this.#options.partition);
    work.since = null;
    work.intake.revisions.clear();
    work.record.committed();
    work.output.committed();
    const { end } = work.chain;
    this.#note({
      archive: null,
      manifest: end?.n ?? 0,
      committed: end === null ? null : new Date(end.time).toISOString(),
    });
    this.#options.log.debug({ manifest: end?.n, objects: end?.objects.length }, "committed");
  }

  /** A revision that the bucket lacks twice, a second apart, is lost. */
  async #bundleObjects(
    revisions: ReadonlySet<number>,
  ): Promise<{ objects: SealedObject[]; missing: number[] }> {
    const objects: SealedObject[] = [];
    const missing: number[] = [];
    for (const revision of revisions) {
      let found = await this.#bundles.read(revision);
      if (found === null) {
        if (!(await this.#pause(1000))) throw new Error("stopped before a bundle was found");
        found = await this.#bundles.read(revision);
      }
      if (found !== null) objects.push(found);
      else {
        missing.push(revision);
        this.#options.alarms.raise("bundle-missing", "a bundle revision was lost", { revision });
      }
    }
    return { objects, missing };
  }

  /**
   * Only what is committed, and only while the anchor lies where it lay: on a stream that was set back, the
   * sequence alone would delete what nobody has read. Right after a commit the last message read is the anchor.
   */
  async #purge({ record, output }: Work): Promise<void> {
    for (const reading of [record, output]) {
      if (reading.position === 0) continue;
      if (!(await reading.anchored())) throw new Error("the anchor is gone: nothing is purged");
      await reading.leader.purgeBelow(reading.position);
    }
  }

  #note(change: Partial<RecorderState>): void {
    this.#state = { ...this.#state, ...change };
  }

  /** False when the recorder stops meanwhile. */
  async #pause(milliseconds: number): Promise<boolean> {
    const { signal } = this.#stopping;
    return delay(milliseconds, true, { signal }).catch(() => false);
  }
}
