import type { KeyObject } from "node:crypto";
import { setTimeout as delay } from "node:timers/promises";
import type { Bus } from "@sallyport/bus";
import type { ArchiveStore } from "@sallyport/evidence";
import type { Alarms, Log } from "@sallyport/runtime";
import { Archiving, type ArchivingWatch, type Progress } from "./archiving.ts";
import { BundleRevisions } from "./bundle-revisions.ts";
import { LostRace } from "./chain-writer.ts";
import { Lease } from "./lease.ts";

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
  readonly watch?: ArchivingWatch | null;
}

/** What the health page says. */
export interface RecorderState extends Progress {
  readonly active: boolean;
  /** The newest revision of the bundle that is kept for the verdicts to come. */
  readonly bundle: number;
}

const defaultSegment = 16 * 1024 ** 2;

/** Record → evidence, for one partition: waits for the lease, archives while it holds, stands by otherwise. */
export class Recorder {
  readonly #options: RecorderOptions;
  readonly #stopping = new AbortController();
  readonly #segmentBytes: number;
  readonly #poll: number;
  readonly #cutAfter: number;
  #running: Promise<void> | undefined;
  readonly #bundles: BundleRevisions;
  #state: Omit<RecorderState, "bundle"> = {
    active: false,
    manifest: 0,
    committed: null,
    position: { record: 0, output: 0 },
    lag: { record: 0, output: 0 },
    archive: null,
  };

  constructor(options: RecorderOptions) {
    this.#options = options;
    this.#bundles = new BundleRevisions(options.bus, options.store);
    this.#segmentBytes = options.segmentBytes ?? defaultSegment;
    // Reading late by one poll, waiting for the cut, and writing must fit into `every`.
    this.#poll = Math.min(500, options.every / 8);
    this.#cutAfter = options.every * 0.75 - this.#poll;
  }

  get state(): RecorderState {
    return { ...this.#state, bundle: this.#bundles.newest };
  }

  start(): void {
    this.#running ??= this.#run();
  }

  /** Archives what is in the streams by now, gives the lease back and ends. */
  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.#running;
    this.#bundles.stop();
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
        this.#tell({ active: false });
        await lease.giveBack().catch(() => undefined);
      }
    }
  }

  async #work(lease: Lease): Promise<void> {
    const { bus, log } = this.#options;
    const goOn = (): boolean => lease.held && !this.#stopped;
    const archiving = await Archiving.begin({
      ...this.#options,
      bundles: this.#bundles,
      pause: (milliseconds) => this.#pause(milliseconds),
      tell: (progress) => this.#tell(progress),
    });
    this.#tell({ active: true });
    while (goOn()) {
      if (!bus.connected) {
        await this.#pause(this.#poll);
        continue;
      }
      try {
        await archiving.settle(goOn);
        await this.#follow(archiving, goOn);
      } catch (err) {
        if (err instanceof LostRace) throw err;
        log.warn({ err }, "reading is begun again");
        await this.#pause(200);
      }
    }
    if (this.#stopped && lease.held && bus.connected) {
      await archiving.commit(() => false);
      while (lease.held && archiving.bytes < this.#segmentBytes && (await archiving.read()) > 0);
      await archiving.settle(() => false);
      return;
    }
    // The lease ends two seconds after our trust in it; what was read may be all that is left of it.
    await archiving.commit(() => false);
  }

  async #follow(archiving: Archiving, goOn: () => boolean): Promise<void> {
    while (goOn() && this.#options.bus.connected) {
      const pending = await archiving.read();
      if (archiving.age >= this.#cutAfter || archiving.bytes >= this.#segmentBytes) {
        await archiving.commit(goOn);
        await archiving.purge();
      }
      if (pending === 0) await this.#pause(this.#poll);
    }
  }

  #tell(change: Partial<RecorderState>): void {
    this.#state = { ...this.#state, ...change };
  }

  /** False when the recorder stops meanwhile. */
  async #pause(milliseconds: number): Promise<boolean> {
    const { signal } = this.#stopping;
    return delay(milliseconds, true, { signal }).catch(() => false);
  }
}
