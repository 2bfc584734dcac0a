import { createHash } from "node:crypto";
import { zstdCompressSync } from "node:zlib";
import type { SessionId } from "@sallyport/contracts";
import { beginEntry, chunkParts, encodeAnomaly, eventParts } from "./entry.ts";
import { FrameWriter, joinStretches, type Frame, type Stretch } from "./frames.ts";
import { SessionSummary } from "./session-summary.ts";
import type { SegmentIndex } from "./session-index.ts";
import { Slabs } from "./slabs.ts";
import type { StoredChunk } from "./stored-chunk.ts";
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
  /** Slab, offset and length of each entry. */
  readonly events: number[];
  readonly output: number[];
}

/** Gathers entries of many sessions, and seals them as objects in which each session's lie together. */
export class Segment {
  readonly #partition: number;
  readonly #sessions = new Map<SessionId, Collected>();
  readonly #anomalies: number[] = [];
  readonly #slabs: Slabs;
  /** The message that was added from last, and what its entries begin with. */
  #message: StoredMessage | null = null;
  #begin: Buffer = Buffer.alloc(0);
  #bytes = 0;

  /** @param slabs what an earlier segment put there is gone */
  constructor(partition: number, slabs = new Slabs()) {
    this.#partition = partition;
    this.#slabs = slabs;
    slabs.reset();
  }

  /** What it holds, before packing. */
  get bytes(): number {
    return this.#bytes;
  }

  addEvent(message: StoredMessage, writer: string, line: EventLine): void {
    const collected = this.#of(line.event.session);
    const parts = eventParts(this.#beginOf(message), line.line, line.raw);
    this.#bytes += this.#slabs.put(parts, collected.events);
    collected.summary.add(writer, line.event);
  }

  addOutput(message: StoredMessage, chunk: StoredChunk): void {
    const parts = chunkParts(this.#beginOf(message), chunk);
    this.#bytes += this.#slabs.put(parts, this.#of(chunk.session).output);
  }

  /** @param line null when the whole message is anomalous */
  addAnomaly(
    stream: StreamKind,
    message: StoredMessage,
    line: { readonly line: number; readonly raw: Buffer } | null,
    anomaly: Anomaly,
  ): void {
    const entry = encodeAnomaly(stream, message, line, anomaly);
    this.#bytes += this.#slabs.put([entry], this.#anomalies);
  }

  /** The segment's objects, the index last; none when nothing was added. */
  seal(): SealedObject[] {
    if (this.#bytes === 0) return [];
    const events = new FrameWriter(frameSize, level);
    const output = new FrameWriter(frameSize, level);
    const pack = (writer: FrameWriter, places: readonly number[]): Stretch[] => {
      const stretches: Stretch[] = [];
      for (let index = 0; index < places.length; index += 3) {
        const at = places[index + 1] ?? 0;
        const slab = this.#slabs.slab(places[index] ?? 0);
        stretches.push(writer.add(slab, at, at + (places[index + 2] ?? 0)));
      }
      return joinStretches(stretches);
    };
    const sessions = [...this.#sessions].map(([session, collected]) => ({
      ...collected.summary.part(session),
      events: pack(events, collected.events),
      output: pack(output, collected.output),
    }));
    const anomalies = {
      count: this.#anomalies.length / 3,
      events: pack(events, this.#anomalies),
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

  #beginOf(message: StoredMessage): Buffer {
    if (message !== this.#message) {
      this.#message = message;
      this.#begin = beginEntry(message);
    }
    return this.#begin;
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

/** A bundle revision as an object of the archive. */
export function sealBundle(revision: number, bytes: Buffer): SealedObject {
  const sha256 = createHash("sha256").update(bytes).digest("hex");
  return { kind: "bundle", key: `bundles/${revision}-${sha256}.json`, sha256, bytes, revision };
}
