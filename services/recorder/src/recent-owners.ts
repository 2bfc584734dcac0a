import { manifestAt, readIndex, type ArchiveStore, type SessionPart } from "@sallyport/evidence";
import { Ownership } from "./ownership.ts";

const lookBack = 100;
const readAtOnce = 25;

/**
 * Whose the sessions of the newest manifests are. What cannot be read is passed over: the checks of the archive
 * say so, and recording must go on.
 */
export async function recentOwners(
  store: ArchiveStore,
  partition: number,
  end: number,
): Promise<Ownership> {
  const ownership = new Ownership();
  for (let first = Math.max(1, end - lookBack + 1); first <= end; first += readAtOnce) {
    const numbers = Array.from(
      { length: Math.min(readAtOnce, end - first + 1) },
      (_, index) => first + index,
    );
    const found = await Promise.all(numbers.map((n) => sessionsOf(store, partition, n)));
    for (const part of found.flat()) ownership.learn(part);
  }
  return ownership;
}

async function sessionsOf(
  store: ArchiveStore,
  partition: number,
  n: number,
): Promise<readonly SessionPart[]> {
  try {
    const { manifest } = await manifestAt(store, partition, n);
    const index = manifest.objects.find(({ kind }) => kind === "index");
    const bytes = index === undefined ? null : await store.get(index.key);
    return index === undefined || bytes === null ? [] : readIndex(bytes, index.key).sessions;
  } catch {
    return [];
  }
}
