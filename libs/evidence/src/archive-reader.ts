import { createHash } from "node:crypto";
import type { SessionId } from "@sallyport/contracts";
import type { ArchiveStore } from "./archive-store.ts";
import { partitionsOf } from "./chain.ts";
import { decodeChunks, decodeEvents, type EventEntry, type OutputEntry } from "./entry.ts";
import { broken, type Finding } from "./finding.ts";
import { readStretches } from "./frames.ts";
import { readManifest, type Manifest, type ManifestObject } from "./manifest.ts";
import { readIndex, type SegmentIndex, type SessionPart } from "./session-index.ts";
import { assembleSession, type SessionRecord } from "./session-record.ts";

/** Manifests, each with its index, that are read side by side: a far store answers each one slowly. */
const readAtOnce = 32;

interface SegmentAt {
  readonly manifest: Manifest;
  readonly index: SegmentIndex;
}

/** A session's parts in all segments, oldest first. */
export interface SessionParts {
  readonly session: SessionId;
  readonly parts: readonly { readonly segment: SegmentAt; readonly part: SessionPart }[];
}

/** Reads sessions out of an archive. What cannot be read is a finding and stops nothing. */
export class ArchiveReader {
  readonly #store: ArchiveStore;
  readonly #findings: Finding[] = [];

  constructor(store: ArchiveStore) {
    this.#store = store;
  }

  /** What could not be read so far. */
  get findings(): readonly Finding[] {
    return this.#findings;
  }

  /** Segments that were written at or after `since` (milliseconds), partition by partition, oldest first. */
  async *segments(since = 0): AsyncIterable<SegmentAt> {
    for (const partition of await partitionsOf(this.#store)) {
      let keys: string[] = [];
      const read = async (): Promise<(SegmentAt | null)[]> => {
        const batch = keys;
        keys = [];
        return Promise.all(batch.map((key) => this.#segment(key, since)));
      };
      for await (const key of this.#store.list(`manifests/${partition}/`)) {
        if (keys.push(key) === readAtOnce) yield* (await read()).filter((one) => one !== null);
      }
      yield* (await read()).filter((one) => one !== null);
    }
  }

  /** All sessions that have something in segments written since then. */
  async sessions(since = 0): Promise<SessionParts[]> {
    const found = new Map<SessionId, { segment: SegmentAt; part: SessionPart }[]>();
    for await (const segment of this.segments(since)) {
      for (const part of segment.index.sessions) {
        const parts = found.get(part.session);
        if (parts === undefined) found.set(part.session, [{ segment, part }]);
        else parts.push({ segment, part });
      }
    }
    return [...found].map(([session, parts]) => ({ session, parts }));
  }

  /**
   * The session's events and output. With `whole`, each object that they lie in is read to its end and
   * compared with its manifest; without, only the session's ranges are read.
   */
  async read({ session, parts }: SessionParts, whole = false): Promise<SessionRecord> {
    const events: EventEntry[] = [];
    const output: OutputEntry[] = [];
    for (const { segment, part } of parts) {
      const { index, manifest } = segment;
      if (whole) {
        for (const object of manifest.objects)
          if (object.kind === "events" || object.kind === "output") await this.#object(object);
      }
      await this.#orFinding(index.events?.key, async () => {
        if (index.events !== null)
          for (const entry of decodeEvents(
            await readStretches(this.#store, index.events, part.events),
          ))
            if (entry.kind === "event" && entry.event.session === session) events.push(entry);
      });
      await this.#orFinding(index.output?.key, async () => {
        if (index.output !== null)
          for (const chunk of decodeChunks(
            await readStretches(this.#store, index.output, part.output),
          ))
            output.push(chunk);
      });
    }
    return assembleSession(session, events, output);
  }

  async #segment(key: string, since: number): Promise<SegmentAt | null> {
    const manifest = await this.#manifest(key);
    if (manifest === null || manifest.time < since) return null;
    const object = manifest.objects.find(({ kind }) => kind === "index");
    const bytes = object === undefined ? null : await this.#object(object);
    if (object === undefined || bytes === null) return null;
    try {
      return { manifest, index: readIndex(bytes, object.key) };
    } catch {
      this.#findings.push(
        broken("object-changed", `\`${object.key}\` is no index`, { object: object.key }),
      );
      return null;
    }
  }

  async #manifest(key: string): Promise<Manifest | null> {
    try {
      return readManifest((await this.#store.get(key)) ?? Buffer.alloc(0)).manifest;
    } catch {
      this.#findings.push(
        broken("manifest-unreadable", `\`${key}\` cannot be read`, { object: key }),
      );
      return null;
    }
  }

  async #object(object: ManifestObject): Promise<Buffer | null> {
    const bytes = await this.#store.get(object.key);
    if (bytes === null) {
      this.#findings.push(
        broken("object-missing", `\`${object.key}\` is missing`, { object: object.key }),
      );
      return null;
    }
    if (createHash("sha256").update(bytes).digest("hex") === object.sha256) return bytes;
    this.#findings.push(
      broken("object-changed", `\`${object.key}\` is not what its manifest names`, {
        object: object.key,
      }),
    );
    return null;
  }

  async #orFinding(object: string | undefined, read: () => Promise<void>): Promise<void> {
    try {
      await read();
    } catch (cause) {
      this.#findings.push(
        broken("object-changed", cause instanceof Error ? cause.message : String(cause), {
          ...(object !== undefined && { object }),
        }),
      );
    }
  }
}
