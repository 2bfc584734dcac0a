import { manifestAt, readIndex, type ArchiveStore } from "@sallyport/evidence";
import { Ownership } from "./ownership.ts";

const lookBack = 100;

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
  for (let n = Math.max(1, end - lookBack + 1); n <= end; n++) {
    try {
      const { manifest } = await manifestAt(store, partition, n);
      const index = manifest.objects.find(({ kind }) => kind === "index");
      const bytes = index === undefined ? null : await store.get(index.key);
      if (index === undefined || bytes === null) continue;
      for (const part of readIndex(bytes, index.key).sessions) ownership.learn(part);
    } catch {
      continue;
    }
  }
  return ownership;
}
