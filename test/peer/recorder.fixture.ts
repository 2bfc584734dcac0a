import { generateKeyPairSync } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Bus } from "@sallyport/bus";
import { encodeOutput, streams, subjects } from "@sallyport/contracts";
import {
  ArchiveReader,
  checkChain,
  checkSession,
  DirectoryStore,
  type ArchiveStore,
  type ChainReport,
  type Finding,
  type SessionRecord,
} from "@sallyport/evidence";
import { SampleSession } from "@sallyport/evidence/sample";
import { startRecorder, type RunningRecorder } from "@sallyport/recorder";
import { Alarms, openLog } from "@sallyport/runtime";
import { waitFor } from "@sallyport/testkit";
import { TestBus } from "./bus.fixture.ts";

export const signing = generateKeyPairSync("ed25519");

/** Alarms of a recorder under test, and nothing on standard error. */
export const quietLog = openLog("recorder", "error");
quietLog.level = "silent";

export interface Started {
  readonly recorder: RunningRecorder;
  readonly alarms: Alarms;
  readonly bus: Bus;
  readonly stop: () => Promise<void>;
}

/** A bus, an archive directory, writers, and as many recorders as a test wants. */
export class RecordedBus implements AsyncDisposable {
  readonly bus: TestBus;
  readonly directory: string;
  readonly store: ArchiveStore;
  readonly setup: Bus;
  readonly #stops: (() => Promise<void>)[] = [];

  private constructor(bus: TestBus, setup: Bus, directory: string, store: ArchiveStore) {
    this.bus = bus;
    this.setup = setup;
    this.directory = directory;
    this.store = store;
  }

  /** `store` is where tests look, and where recorders write unless they are told otherwise: a directory by default. */
  static async start(store?: ArchiveStore): Promise<RecordedBus> {
    const bus = await TestBus.start();
    const directory = await mkdtemp(join(tmpdir(), "sallyport-evidence-"));
    const setup = await bus.connect("setup");
    return new RecordedBus(bus, setup, directory, store ?? new DirectoryStore(directory));
  }

  async record(
    options: { store?: ArchiveStore; every?: number; segmentBytes?: number } = {},
  ): Promise<Started> {
    const alarms = new Alarms(quietLog);
    const bus = await this.bus.connect("recorder");
    const recorder = await startRecorder({
      bus,
      store: options.store ?? this.store,
      signingKey: signing.privateKey,
      every: options.every ?? 400,
      ...(options.segmentBytes !== undefined && { segmentBytes: options.segmentBytes }),
      holePatience: 200,
      http: { address: { host: "127.0.0.1", port: 0 } },
      log: quietLog,
      alarms,
    });
    let stopped: Promise<void> | undefined;
    const stop = (): Promise<void> => (stopped ??= recorder.stop());
    this.#stops.push(stop);
    return { recorder, alarms, bus, stop };
  }

  /** Stores a message as the setup user, who may write anywhere; returns its sequence. */
  async put(subject: string, data: Uint8Array | string, timeout = 30_000): Promise<number> {
    const answer = await this.setup.nats.request(subject, data, { timeout });
    const { seq } = answer.json<{ seq?: number }>();
    if (seq === undefined) throw new Error(`not stored: ${answer.string()}`);
    return seq;
  }

  event(worker: string, ...lines: string[]): Promise<number> {
    return this.put(subjects.record(0, worker, "event"), lines.map((line) => `${line}\n`).join(""));
  }

  /** A whole session of one command with output. */
  async session(text = "select 1", worker = "w1"): Promise<SampleSession> {
    const sample = new SampleSession();
    const command = { open: sample.open(), ...sample.command(text, { revision: 0 }) };
    await this.put(subjects.record(0, worker, "command"), `${command.open}\n${command.line}\n`);
    const verdict = sample.verdict(command, { revision: 0 });
    await this.put(subjects.record(0, worker, "verdict"), `${verdict}\n`);
    const bodies = [Buffer.from("row one"), Buffer.from("row two")];
    await this.put(subjects.output(0, worker), encodeOutput(sample.chunks(command, bodies)));
    await this.event(worker, sample.result(command, verdict, bodies), sample.close());
    return sample;
  }

  /** As soon as the bus answers: what is asked while it is away is lost. */
  streamState(stream = streams.record(0)): Promise<{ first: number; messages: number }> {
    return waitFor(
      async () => {
        const question = `$JS.API.STREAM.INFO.${stream}`;
        const info = await this.setup.nats.request(question, "", { timeout: 1000 });
        const { state } = info.json<{ state: { first_seq: number; messages: number } }>();
        return { first: state.first_seq, messages: state.messages };
      },
      { what: `the state of ${stream}` },
    );
  }

  async read(session: string): Promise<SessionRecord | null> {
    const reader = new ArchiveReader(this.store);
    const parts = (await reader.sessions()).find((one) => one.session === session);
    return parts === undefined ? null : reader.read(parts, true);
  }

  /** Waits until the session is closed in the archive; gives what its check finds. */
  async findings({ session }: { session: string }): Promise<readonly Finding[]> {
    const record = await waitFor(
      async () => {
        const found = await this.read(session);
        return found?.events.at(-1)?.event.type === "close" ? found : null;
      },
      { what: "the session to be in the archive" },
    );
    return checkSession(record);
  }

  chain(): Promise<ChainReport> {
    return checkChain(this.store, 0, signing.publicKey);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#stops.map((stop) => stop()));
    await this.bus[Symbol.asyncDispose]();
    await rm(this.directory, { recursive: true, force: true });
  }
}
