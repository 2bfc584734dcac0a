import { readManifest, type ArchiveStore, type ReadManifest } from "@sallyport/evidence";

/** A partition's chain, a manifest a line: its hash, the one it follows, and the objects that it names. */
export async function chainListing(store: ArchiveStore, partition: number): Promise<string> {
  const lines = ["MANIFEST              BYTES  HASH      FOLLOWS   NAMES"];
  for await (const key of store.list(`manifests/${partition}/`)) {
    const bytes = await store.get(key);
    if (bytes === null) continue;
    const read = readManifest(bytes);
    const name = key.slice(key.indexOf("/") + 1).padEnd(20);
    const { prev } = read.manifest;
    lines.push(
      `${name}  ${String(bytes.length).padStart(4)}  ${short(read.hash)}  ${prev === null ? "—       " : short(prev)}  ${objectsOf(read)}`,
    );
  }
  return lines.join("\n");
}

const short = (hash: string): string => hash.slice(0, 8);

const objectsOf = ({ manifest }: ReadManifest): string =>
  manifest.objects
    .map(({ kind, bytes, sha256 }) => `${kind} ${short(sha256)} (${bytes} B)`)
    .join(", ");
