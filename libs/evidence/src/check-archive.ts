import type { KeyObject } from "node:crypto";
import type { ArchiveEnds } from "./archive-ends.ts";
import type { ArchiveStore } from "./archive-store.ts";
import { partitionsOf } from "./chain.ts";
import { followChain } from "./check-chain.ts";
import { checkSessions } from "./check-sessions.ts";
import { checkUnnamed, type Reach } from "./check-unnamed.ts";
import { broken, note, type Finding, type FindingCode } from "./finding.ts";
import { manifestKey, readManifest, type ReadManifest } from "./manifest.ts";

export interface ArchiveCheck {
  /** Public keys of recorders. */
  readonly keys: readonly KeyObject[];
  /** Objects and sessions from then on (milliseconds); the chain is always followed from its beginning. */
  readonly since?: number;
  /** Where the chains ended when somebody looked before. */
  readonly seen?: ArchiveEnds;
  /** Each finding as soon as it is known. */
  readonly found: (finding: Finding) => void;
  readonly progress?: (checked: Readonly<Checked>) => void;
}

/** What was looked at. */
export interface Checked {
  manifests: number;
  objects: number;
  /** Of these objects. */
  bytes: number;
  sessions: number;
  events: number;
  /** Sessions that opened before what was to be looked at. */
  earlier: number;
}

/** What the reader of sessions meets again, object by object. */
const aboutObjects: ReadonlySet<FindingCode> = new Set([
  "manifest-unreadable",
  "object-missing",
  "object-changed",
]);

/**
 * INVARIANT I6: everything that an archive can tell by itself. Chains with their signatures and objects, objects that no
 * manifest names, each session's own numbers and hashes, and sessions that are missing. Rejects with what the medium said.
 */
export const checkArchive = (
  store: ArchiveStore,
  options: ArchiveCheck,
): Promise<{ readonly checked: Checked; readonly ends: ArchiveEnds }> =>
  new ArchiveChecking(store, options).check();

class ArchiveChecking {
  readonly #store: ArchiveStore;
  readonly #options: ArchiveCheck;
  readonly #checked: Checked = {
    manifests: 0,
    objects: 0,
    bytes: 0,
    sessions: 0,
    events: 0,
    earlier: 0,
  };
  readonly #ends: ArchiveEnds["ends"] = {};
  readonly #reach = new Map<number, Reach>();
  /** Objects of segments that no manifest was seen to name. */
  readonly #unnamed = new Set<string>();
  /** Objects of which it was said that they are wrong: a session's reader meets them again. */
  readonly #said = new Set<string>();

  constructor(store: ArchiveStore, options: ArchiveCheck) {
    this.#store = store;
    this.#options = options;
  }

  async check(): Promise<{ readonly checked: Checked; readonly ends: ArchiveEnds }> {
    // First: what is written from now on is named later than it is there.
    await this.#list();
    const seen = Object.keys(this.#options.seen?.ends ?? {}).map(Number);
    const partitions = new Set([...(await partitionsOf(this.#store)), ...seen]);
    for (const partition of partitions) await this.#chain(partition);
    for (const partition of partitions) await this.#nameWhatCameSince(partition);
    for (const key of this.#unnamed) {
      const reach = this.#reach.get(Number(key.split("/")[1])) ?? { record: 0, output: 0 };
      this.#found(await checkUnnamed(this.#store, key, reach));
    }
    await this.#sessions();
    return { checked: this.#checked, ends: { v: 1, type: "archive-ends", ends: this.#ends } };
  }

  async #list(): Promise<void> {
    for await (const key of this.#store.list("")) {
      if (key.startsWith("segments/")) this.#unnamed.add(key);
      else if (key.startsWith("manifests/")) {
        // Others lie among a chain's manifests, and are found there.
        if (!/^manifests\/(0|[1-9]\d{0,3})\//.test(key))
          this.#found(
            broken("manifest-unreadable", `\`${key}\` is no manifest's name`, { object: key }),
          );
      } else if (!/^(bundles|revocations|doctor)\//.test(key))
        this.#found(note("object-unnamed", `\`${key}\` is nothing of ours`, { object: key }));
    }
  }

  async #chain(partition: number): Promise<void> {
    const { seen, since, keys } = this.#options;
    const before = seen?.ends[partition];
    let end = 0;
    const options = { keys, ...(since !== undefined && { since }) };
    for await (const { n, read, whole, findings } of followChain(this.#store, partition, options)) {
      for (const finding of findings) this.#found(finding);
      if (n === 0) continue;
      end = n;
      this.#checked.manifests += 1;
      if (read === null) continue;
      if (n === before?.n && read.hash !== before.sha256)
        this.#found(
          broken("chain-cut", `manifest ${n} is another one than was seen before`, {
            object: manifestKey(partition, n),
          }),
        );
      this.#name(partition, read);
      if (whole) {
        this.#checked.objects += read.manifest.objects.length;
        for (const { bytes } of read.manifest.objects) this.#checked.bytes += bytes;
      }
      this.#tell();
    }
    if (before !== undefined && end < before.n)
      this.#found(
        broken(
          "chain-cut",
          `the chain ends with manifest ${end}, and manifest ${before.n} was seen before`,
          { object: manifestKey(partition, end + 1) },
        ),
      );
  }

  #name(partition: number, { manifest, hash }: ReadManifest): void {
    for (const { key } of manifest.objects) this.#unnamed.delete(key);
    const reach = this.#reach.get(partition);
    this.#reach.set(partition, {
      record: Math.max(reach?.record ?? 0, manifest.record.position),
      output: Math.max(reach?.output ?? 0, manifest.output.position),
    });
    this.#ends[partition] = { n: manifest.n, sha256: hash };
  }

  /** What a recorder has written meanwhile names its objects; what else it says is for the next time. */
  async #nameWhatCameSince(partition: number): Promise<void> {
    for (let n = (this.#ends[partition]?.n ?? 0) + 1; this.#unnamed.size > 0; n++) {
      const bytes = await this.#store.get(manifestKey(partition, n));
      if (bytes === null) return;
      try {
        for (const { key } of readManifest(bytes).manifest.objects) this.#unnamed.delete(key);
      } catch {
        return;
      }
    }
  }

  async #sessions(): Promise<void> {
    const { since } = this.#options;
    this.#checked.earlier = await checkSessions(this.#store, {
      ...(since !== undefined && { since }),
      found: (finding) => this.#found(finding),
      checked: ({ events }) => {
        this.#checked.sessions += 1;
        this.#checked.events += events;
        this.#tell();
      },
    });
  }

  #found(finding: Finding): void {
    const { code, object } = finding;
    if (object !== undefined && aboutObjects.has(code)) {
      if (this.#said.has(object)) return;
      this.#said.add(object);
    }
    this.#options.found(finding);
  }

  #tell(): void {
    this.#options.progress?.(this.#checked);
  }
}
