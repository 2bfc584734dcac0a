import { generateKeyPairSync, type KeyObject } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { encodeOutput, streams, subjects, type OutputChunk } from "@sallyport/contracts";
import { DirectoryStore } from "./directory-store.ts";
import { manifestKey, readManifest, writeManifest, type StreamPart } from "./manifest.ts";
import { Segment } from "./segment.ts";
import {
  messageHash,
  readOutputMessage,
  readRecordMessage,
  type StoredMessage,
  type StreamKind,
} from "./stored-message.ts";

type Position = Pick<StreamPart, "position" | "anchor">;

/** An archive in a directory, written link by link. For tests. */
export class SampleArchive {
  readonly directory: string;
  readonly store: DirectoryStore;
  readonly publicKey: KeyObject;
  readonly #privateKey: KeyObject;
  #segment = new Segment(0);
  #messages: Record<StreamKind, StoredMessage[]> = { record: [], output: [] };
  readonly #at: Record<StreamKind, Position> = {
    record: { position: 0, anchor: null },
    output: { position: 0, anchor: null },
  };
  #n = 0;
  #prev: string | null = null;

  private constructor(directory: string) {
    this.directory = directory;
    this.store = new DirectoryStore(directory);
    const { publicKey, privateKey } = generateKeyPairSync("ed25519");
    this.publicKey = publicKey;
    this.#privateKey = privateKey;
  }

  static async create(): Promise<SampleArchive> {
    return new SampleArchive(await mkdtemp(join(tmpdir(), "sallyport-sample-")));
  }

  record(kind: "command" | "event" | "verdict" | "approval", ...lines: string[]): void {
    const data = Buffer.from(lines.map((line) => `${line}\n`).join(""));
    const message = this.#message("record", subjects.record(0, "w1", kind), data);
    const read = readRecordMessage(0, message);
    if (read.kind !== "events") throw new Error(`no events on ${streams.record(0)}`);
    for (const line of read.bad) this.#segment.addAnomaly("record", message, line, line);
    for (const line of read.events) this.#segment.addEvent(message, read.writer, line);
  }

  output(chunks: readonly OutputChunk[]): void {
    const data = Buffer.from(encodeOutput(chunks));
    const message = this.#message("output", subjects.output(0, "w1"), data);
    const read = readOutputMessage(0, message);
    if (read.kind !== "output") throw new Error(`no output on ${streams.output(0)}`);
    for (const chunk of read.chunks) this.#segment.addOutput(message, chunk);
  }

  /** Seals what was recorded since the last one into the next link. */
  async commit(): Promise<void> {
    const objects = this.#segment.seal();
    for (const { key, bytes } of objects) await this.store.putIfAbsent(key, bytes);
    this.#n += 1;
    const bytes = writeManifest(
      {
        v: 1,
        type: "manifest",
        partition: 0,
        n: this.#n,
        prev: this.#prev,
        time: 1_790_000_100_000 + this.#n,
        recorder: "sample",
        objects: objects.map(({ kind, key, sha256, bytes: { length } }) => ({
          kind,
          key,
          sha256,
          bytes: length,
        })),
        record: this.#part("record"),
        output: this.#part("output"),
        missingBundles: [],
      },
      this.#privateKey,
    );
    await this.store.putIfAbsent(manifestKey(0, this.#n), bytes);
    this.#prev = readManifest(bytes).hash;
    this.#segment = new Segment(0);
    this.#messages = { record: [], output: [] };
  }

  remove(): Promise<void> {
    return rm(this.directory, { recursive: true, force: true });
  }

  #message(stream: StreamKind, subject: string, data: Buffer): StoredMessage {
    const seq = this.#at[stream].position + 1;
    const time = `2026-11-22T18:31:20.${String(seq).padStart(9, "0")}Z`;
    const message: StoredMessage = { seq, subject, time, headers: null, data };
    this.#messages[stream].push(message);
    this.#at[stream] = { position: seq, anchor: { seq, time, hash: messageHash(message) } };
    return message;
  }

  #part(stream: StreamKind): StreamPart {
    const messages = this.#messages[stream];
    return {
      generation: 1,
      first: messages[0]?.seq ?? null,
      last: messages.at(-1)?.seq ?? null,
      messages: messages.length,
      ...this.#at[stream],
      holes: [],
    };
  }
}
