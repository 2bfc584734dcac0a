import {
  BeatListener,
  Bucket,
  BucketWatch,
  connectBus,
  FillWatch,
  OutputPublisher,
  RecordPublisher,
  Requests,
  Revocations,
  Sealer,
  SetBack,
  TwoGates,
  type Bus,
  type Credentials,
  type GateWatch,
  type Lane,
} from "@sallyport/bus";
import {
  buckets,
  Bundle,
  keys,
  newStartId,
  streams,
  subjects,
  type SessionId,
} from "@sallyport/contracts";
import type { Alarms, ErrorCode, Log } from "@sallyport/runtime";
import { Gate } from "./gate.ts";
import { Identify } from "./identify.ts";
import { SessionNumbers, SessionRecord, type RecordWatch } from "./record.ts";

export interface WorkerOptions {
  readonly servers: readonly string[];
  readonly credentials: Credentials;
  /** authn's public xkey. */
  readonly sealingPublicKey: string;
  /** Milliseconds for both gates. */
  readonly verdict: number;
  /** Bytes of a session's output that may be unacknowledged (I1). */
  readonly unrecordedOutput: number;
  readonly log: Log;
  readonly alarms: Alarms;
  readonly watch?: WorkerWatch | null;
}

/** What telemetry hears of a worker. */
export interface WorkerWatch {
  readonly gates: GateWatch;
  readonly session: (session: SessionId) => RecordWatch;
}

/** A worker's place on the bus, for every protocol: two connections, the gate, the record, what it hears. */
export class Worker {
  readonly log: Log;
  readonly bus: Bus;
  readonly bulk: Bus;
  readonly gate: Gate;
  readonly output: OutputPublisher;
  readonly revocations: Revocations;
  readonly identify: Identify;
  readonly fill: FillWatch;
  readonly #publisher: RecordPublisher;
  readonly #lane: Lane;
  readonly #gates: TwoGates;
  readonly #beat: BeatListener;
  readonly #bundleWatch: BucketWatch<Bundle>;
  readonly #bundleBucket: Bucket<Bundle>;
  readonly #requests: Requests;
  readonly #watch: WorkerWatch | null;
  readonly #numbers = new SessionNumbers(newStartId());
  readonly #bundleListeners = new Set<(bundle: Bundle) => void>();
  #bundle: Bundle | null = null;
  #revision = 0;

  private constructor(options: WorkerOptions, bus: Bus, bulk: Bus) {
    const { partition, user } = options.credentials;
    const { log } = options;
    this.log = log;
    this.bus = bus;
    this.bulk = bulk;
    this.#publisher = new RecordPublisher(bus);
    this.#lane = this.#publisher.lane({
      stream: streams.record(partition),
      events: subjects.record(partition, user, "event"),
      commands: subjects.record(partition, user, "command"),
    });
    this.#watch = options.watch ?? null;
    this.#gates = new TwoGates({ bus, lane: this.#lane, watch: this.#watch?.gates ?? null });
    this.output = new OutputPublisher(bulk, {
      stream: streams.output(partition),
      subject: subjects.output(partition, user),
      window: options.unrecordedOutput,
    });
    this.#beat = new BeatListener(bus);
    this.revocations = new Revocations(bus, this.#beat);
    this.fill = new FillWatch(bus, streams.record(partition));
    this.#bundleBucket = new Bucket(bus, buckets.bundle, Bundle);
    this.#bundleWatch = new BucketWatch(bus, this.#bundleBucket, (change) => {
      if (change.kind === "value" && change.key === keys.bundle)
        this.#takeBundle(change.value, change.revision);
    });
    const setBack = new SetBack();
    this.#beat.onBeat(({ bundle }) => {
      if (bundle > this.#revision) void this.#readBundle(false);
      else if (setBack.hear(bundle, this.#gates.revision, performance.now()))
        void this.#readBundle(true);
    });
    this.#requests = new Requests(bus);
    this.identify = new Identify(this.#requests, new Sealer(options.sealingPublicKey));
    this.gate = new Gate({
      gates: this.#gates,
      limit: options.verdict,
      closed: () => this.closed(),
    });
  }

  static async open(options: WorkerOptions): Promise<Worker> {
    const { servers, credentials, log, alarms } = options;
    const name = credentials.user;
    const bus = await connectBus({ servers, credentials, name: `${name} gate`, log, alarms });
    const bulk = await connectBus({ servers, credentials, name: `${name} bulk`, log, alarms });
    return new Worker(options, bus, bulk);
  }

  get name(): string {
    return this.bus.user;
  }

  /** Null before the first was heard. */
  get bundle(): Bundle | null {
    return this.#bundle;
  }

  /** INVARIANT (I7, I2): why no command may pass at this moment, or null. */
  closed(): ErrorCode | null {
    if (!this.bus.connected) return "bus-lost";
    if (!this.revocations.current()) return "beat-lost";
    if (this.fill.fill === "no-commands") return "record-full";
    return null;
  }

  /** Why no session may open at this moment, or null. */
  closedToSessions(): ErrorCode | null {
    const closed = this.closed();
    if (closed !== null) return closed;
    if (!this.bulk.connected) return "bus-lost";
    return this.fill.fill === "open" ? null : "record-filling";
  }

  newRecord(): SessionRecord {
    return new SessionRecord(this.#lane, this.#numbers, this.#watch && this.#watch.session);
  }

  onBundle(listener: (bundle: Bundle) => void): void {
    this.#bundleListeners.add(listener);
  }

  /** authn's clock, by which a log-in's end is meant; null before its first beat. */
  get authnClock(): number | null {
    return this.#beat.clock;
  }

  /** For telemetry, which is told of what has no listener. */
  get state() {
    return {
      revision: this.#revision,
      beat: this.revocations.current(),
      probing: this.#gates.probing,
      waiting: this.#gates.counts.waiting,
      unacknowledged: {
        record: this.#publisher.pendingBytes,
        output: this.output.pendingBytes,
      },
    };
  }

  details(): Record<string, unknown> {
    return {
      worker: this.name,
      bus: this.bus.connected ? "connected" : "lost",
      closed: this.closed(),
      revision: this.#revision,
      record: this.#publisher.counts,
      output: this.output.counts,
      gates: this.#gates.counts,
    };
  }

  /** Stores what is still to be stored, within `patience` milliseconds, and leaves the bus. */
  async stop(patience: number): Promise<void> {
    const late = new Promise((resolve) => setTimeout(resolve, patience).unref());
    await Promise.race([Promise.all([this.#publisher.drain(), this.output.drain()]), late]);
    const lost = this.#publisher.stop() + this.output.stop();
    if (lost > 0) this.log.error({ events: lost }, "events were left unrecorded");
    this.#gates.stop();
    this.fill.stop();
    this.revocations.stop();
    this.#beat.stop();
    this.#bundleWatch.stop();
    this.#requests.stop();
    await Promise.allSettled([this.bus.stop(), this.bulk.stop()]);
  }

  /** A watch can be deaf: the beat says that there is a newer one, or that the bucket has lost its storage. */
  async #readBundle(setBack: boolean): Promise<void> {
    try {
      const entry = await this.#bundleBucket.get(keys.bundle);
      if (!entry) return;
      const { revision } = entry;
      if (setBack && revision < this.#gates.revision) {
        const from = this.#gates.revision;
        this.bus.alarms.raise("bundle-set-back", "the bundle's storage was lost", {
          from,
          revision,
        });
        this.#gates.setBack(revision);
        this.#revision = revision - 1;
      }
      this.#takeBundle(entry.value, revision);
    } catch (err) {
      this.log.warn({ err }, "the bundle cannot be read");
    }
  }

  #takeBundle(bundle: Bundle, revision: number): void {
    if (revision <= this.#revision) return;
    this.#revision = revision;
    this.#bundle = bundle;
    this.#gates.see(revision);
    this.log.info({ revision }, "bundle");
    for (const listener of this.#bundleListeners) listener(bundle);
  }
}
