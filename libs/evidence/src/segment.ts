import { createHash } from "node:crypto";
import { zstdCompressSync } from "node:zlib";
import type { OutputChunk, SessionId } from "@sallyport/contracts";
import { encodeAnomaly, encodeChunk, encodeEvent } from "./entry.ts";
import { FrameWriter, joinStretches, type Frame, type Stretch } from "./frames.ts";
import { SessionSummary } from "./session-summary.ts";
import type { SegmentIndex } from "./session-index.ts";
import type { Anomaly, EventLine, StoredMessage, StreamKind } from "./stored-message.ts";

export type ObjectKind = "events" | "output" | "index" | "bundle";

/** An object under a name made of its content. */
export interface SealedObject {
  readonly kind: ObjectKind;
  readonly key: string;
  readonly sha256: string;
  readonly bytes: Buffer;
  /** Of a bundle. */
  readonly revision?: number;
}

/** Of a frame before packing. A reader of one session unpacks at most so much of its neighbours, twice. */
const frameSize = 256 * 1024;
/**
 * Of zstd. What repeats does so within a few bytes, and the rest is ids and hashes: the lowest level packs as small as
 * the default, in two thirds of the time.
 */
const level = 1;
const endings = { events: "events.ndjson.zst", output: "output.zst", index: "index.json.zst" };

interface Collected {
  readonly summary: SessionSummary;
  readonly events: Buffer[];
  readonly output: (readonly Uint8Array[])[];
}

/** Gathers entries of many sessions, and seals them as objects in which each session's lie together. */
export class Segment {
  readonly #partition: number;
  readonly #sessions = new Map<SessionId, Collected>();
  readonly #anomalies: Buffer[] = [];
  #bytes = 0;

  constructor(partition: number) {
    this.#partition = partition;
  }

  /** What it holds, before packing. */
  get bytes(): number {
    return this.#bytes;
  }

  addEvent(message: StoredMessage, writer: string, line: EventLine): void {
    const entry = encodeEvent(message, line.line, line.raw);
    const collected = this.#of(line.event.session);
    collected.events.push(entry);
    collected.summary.add(writer, line.event);
    this.#bytes += entry.length;
  }

  addOutput(message: StoredMessage, chunk: OutputChunk): void {
    const entry = encodeChunk(message, chunk);
    this.#of(chunk.header.session).output.push(entry);
    for (const part of entry) this.#bytes += part.length;
  }

  /** @param line null when the whole message is anomalous */
  addAnomaly(
    stream: StreamKind,
    message: StoredMessage,
    line: { readonly line: number; readonly raw: Buffer } | null,
    anomaly: Anomaly,
  ): void {
    const entry = encodeAnomaly(stream, message, line, anomaly);
    this.#anomalies.push(entry);
    this.#bytes += entry.length;
  }

  /** The segment's objects, the index last; none when nothing was added. */
  seal(): SealedObject[] {
    if (this.#bytes === 0) return [];
    const events = new FrameWriter(frameSize, level);
    const output = new FrameWriter(frameSize, level);
    const pack = (writer: FrameWriter, pieces: readonly (readonly Uint8Array[])[]): Stretch[] =>
      joinStretches(pieces.map((parts) => writer.add(...parts)));
    const sessions = [...this.#sessions].map(([session, collected]) => ({
      ...collected.summary.part(session),
      events: pack(events, collected.events.map(alone)),
      output: pack(output, collected.output),
    }));
    const anomalies = {
      count: this.#anomalies.length,
      events: pack(events, this.#anomalies.map(alone)),
    };
    const objects: SealedObject[] = [];
    const keep = (
      kind: "events" | "output",
      packed: { readonly bytes: Buffer; readonly frames: readonly Frame[] },
    ): SegmentIndex["events"] => {
      if (packed.bytes.length === 0) return null;
      const object = this.#object(kind, packed.bytes);
      objects.push(object);
      return { key: object.key, sha256: object.sha256, frames: [...packed.frames] };
    };
    const index: SegmentIndex = {
      v: 1,
      type: "index",
      events: keep("events", events.finish()),
      output: keep("output", output.finish()),
      sessions,
      anomalies,
    };
    objects.push(this.#object("index", zstdCompressSync(JSON.stringify(index))));
    return objects;
  }

  #of(session: SessionId): Collected {
    let collected = this.#sessions.get(session);
    if (collected === undefined) {
      collected = { summary: new SessionSummary(), events: [], output: [] };
      this.#sessions.set(session, collected);
    }
    return collected;
  }

  #object(kind: "events" | "output" | "index", bytes: Buffer): SealedObject {
    const sha256 = createHash("sha256").update(bytes).digest("hex");
    return {
      kind,
      key: `segments/${this.#partition}/${sha256}.${endings[kind]}`,
      sha256,
      bytes,
    };
  }
}

const alone = (piece: Buffer): readonly Uint8Array[] => [piece];

/** A bundle revision as an object of the archive. */
export function sealBundle(revision: number, bytes: Buffer): SealedObject {
  const sha256 = createHash("sha256").update(bytes).digest("hex");
  return { kind: "bundle", key: `bundles/${revision}-${sha256}.json`, sha256, bytes, revision };
}
