import type { ArchiveStore } from "./archive-store.ts";
import { manifestKey, readManifest, type ReadManifest } from "./manifest.ts";

/** Is told of manifests that are missing, first to last, where the search for a chain's end came upon them. */
export type MissingLinks = (first: number, last: number) => void;

/**
 * The number of a partition's last manifest, 0 when there is none. Manifests are created without gaps, so the end
 * is found by doubling and halving: about 40 questions for a million of them, and one whether any lies behind. Where
 * one does, somebody has deleted manifests in the middle: the end is behind them, and a chain never goes on in a hole.
 * Where the oldest ones are gone, as by a storage's life-cycle rule, the first one is looked for, too.
 */
export async function chainLength(
  store: ArchiveStore,
  partition: number,
  missing: MissingLinks = () => undefined,
): Promise<number> {
  const there = async (n: number) => (await store.head(manifestKey(partition, n))) !== null;
  let end = 0;
  for (;;) {
    const next = end === 0 && (await there(1)) ? 1 : await firstBehind(store, partition, end);
    if (next === 0) return end;
    // Another recorder may have written one meanwhile.
    if (end > 0 && next > end + 1) missing(end + 1, next - 1);
    end = await endFrom(next, there);
  }
}

async function endFrom(first: number, there: (n: number) => Promise<boolean>): Promise<number> {
  let low = first;
  let step = 1;
  while (await there(low + step)) {
    low += step;
    step *= 2;
  }
  let high = low + step;
  while (high - low > 1) {
    const middle = low + Math.floor((high - low) / 2);
    if (await there(middle)) low = middle;
    else high = middle;
  }
  return low;
}

/** The first manifest that is there behind the n-th; 0 when none is. */
async function firstBehind(store: ArchiveStore, partition: number, n: number): Promise<number> {
  const after = n === 0 ? undefined : manifestKey(partition, n);
  for await (const key of store.list(`manifests/${partition}/`, after)) {
    if (partitionOf(key) === partition) return Number(/(\d+)\.json$/.exec(key)?.[1]);
  }
  return 0;
}

/** @throws Error when it is missing or no manifest of this place */
export async function manifestAt(
  store: ArchiveStore,
  partition: number,
  n: number,
): Promise<ReadManifest> {
  const key = manifestKey(partition, n);
  const bytes = await store.get(key);
  if (bytes === null) throw new Error(`\`${key}\` is missing`);
  const read = readManifest(bytes);
  if (read.manifest.partition !== partition || read.manifest.n !== n)
    throw new Error(`\`${key}\` says that it is another manifest`);
  return read;
}

/** The chain's end, null when it has not begun. @throws Error */
export async function chainEnd(
  store: ArchiveStore,
  partition: number,
  missing?: MissingLinks,
): Promise<ReadManifest | null> {
  const n = await chainLength(store, partition, missing);
  return n === 0 ? null : manifestAt(store, partition, n);
}

/** Partitions that have a chain. Keys that are no manifest's neither hide one nor make one. */
export async function partitionsOf(store: ArchiveStore): Promise<number[]> {
  const found = new Set<number>();
  for (let after = "manifests/"; ;) {
    let next: number | undefined;
    for await (const key of store.list("manifests/", after)) {
      const partition = partitionOf(key);
      if (partition === null || found.has(partition)) continue;
      next = partition;
      break;
    }
    if (next === undefined) return [...found].toSorted((a, b) => a - b);
    found.add(next);
    // Past every manifest of this partition: `:` is the character after the digits.
    after = `manifests/${next}/:`;
  }
}

/** Whose chain a key belongs to; null when it is no manifest's key. */
export function partitionOf(key: string): number | null {
  const [, partition, n] = /^manifests\/(\d{1,4})\/(\d{12,15})\.json$/.exec(key) ?? [];
  return manifestKey(Number(partition), Number(n)) === key ? Number(partition) : null;
}
