import type { KeyObject } from "node:crypto";
import {
  chainEnd,
  manifestKey,
  readManifest,
  writeManifest,
  type ArchiveStore,
  type Manifest,
  type MissingLinks,
  type ReadManifest,
  type SealedObject,
} from "@sallyport/evidence";

/** Another recorder has written the manifest that we were about to write. Ours is garbage; the record is not. */
export class LostRace extends Error {}

export type Link = Pick<Manifest, "record" | "output" | "missingBundles" | "time">;

/** A segment on its way into the chain; the same bytes at each attempt. */
export interface Prepared {
  readonly objects: readonly SealedObject[];
  readonly n: number;
  readonly bytes: Buffer;
}

/** Adds links to one partition's chain. */
export class ChainWriter {
  readonly #store: ArchiveStore;
  readonly #partition: number;
  readonly #recorder: string;
  readonly #signingKey: KeyObject;
  #end: ReadManifest | null;

  private constructor(options: ChainOptions, end: ReadManifest | null) {
    this.#store = options.store;
    this.#partition = options.partition;
    this.#recorder = options.recorder;
    this.#signingKey = options.signingKey;
    this.#end = end;
  }

  static async open(options: ChainOptions): Promise<ChainWriter> {
    return new ChainWriter(
      options,
      await chainEnd(options.store, options.partition, options.missing),
    );
  }

  /** The chain's last manifest, null before the first. */
  get end(): Manifest | null {
    return this.#end?.manifest ?? null;
  }

  prepare(objects: readonly SealedObject[], link: Link): Prepared {
    const n = (this.#end?.manifest.n ?? 0) + 1;
    const manifest: Manifest = {
      v: 1,
      type: "manifest",
      partition: this.#partition,
      n,
      prev: this.#end?.hash ?? null,
      time: link.time,
      recorder: this.#recorder,
      objects: objects.map(({ kind, key, sha256, bytes, revision }) => ({
        kind,
        key,
        sha256,
        bytes: bytes.length,
        ...(revision !== undefined && { revision }),
      })),
      record: link.record,
      output: link.output,
      missingBundles: link.missingBundles,
    };
    return { objects, n, bytes: writeManifest(manifest, this.#signingKey) };
  }

  /**
   * Objects first, then the manifest, which makes them evidence. May be tried again after any error.
   * @throws {LostRace}
   */
  async commit({ objects, n, bytes }: Prepared): Promise<void> {
    await this.#requireEnd();
    for (const object of objects) await this.#store.putIfAbsent(object.key, object.bytes);
    const key = manifestKey(this.#partition, n);
    if ((await this.#store.putIfAbsent(key, bytes)) === "exists") {
      const there = await this.#store.get(key);
      // Ours, from an attempt whose answer was lost.
      if (there === null || !there.equals(bytes))
        throw new LostRace(`manifest ${n} of partition ${this.#partition} is another recorder's`);
    }
    this.#end = readManifest(bytes);
  }

  /** A directory may be another one by now: what is written into an empty mount point is not seen again. */
  async #requireEnd(): Promise<void> {
    if (this.#end === null) return;
    const key = manifestKey(this.#partition, this.#end.manifest.n);
    // Not `head`: over S3, what it is refused with has no text.
    if ((await this.#store.get(key)) === null)
      throw new Error(`the archive lacks \`${key}\`, which it had: is it mounted?`);
  }
}

export interface ChainOptions {
  readonly store: ArchiveStore;
  readonly partition: number;
  /** The recorder process, as manifests name it. */
  readonly recorder: string;
  readonly signingKey: KeyObject;
  /** Hears of manifests that somebody has deleted, where the search for the chain's end met them. */
  readonly missing: MissingLinks;
}
