/** A piece of an object, in bytes. */
export interface ByteRange {
  readonly offset: number;
  readonly length: number;
}

/**
 * More than a recorder puts into an object, packed or not. It bounds what a hostile archive makes us read: a longer
 * object is cut, so that it is not what its manifest names.
 */
export const objectLimit = 256 * 1024 ** 2;

/**
 * Where evidence lies: objects that are created once and never change. Every implementation passes
 * `archiveContract`. All methods reject with what the medium said.
 */
export interface ArchiveStore {
  /**
   * Creates the object whole or not at all, and only if the key is free; of racing writers one hears `created`.
   * Either answer means that an object is there and survives a crash from then on. Over a network `exists` can be
   * one's own object, when the answer to its creation was lost.
   */
  putIfAbsent(key: string, bytes: Uint8Array): Promise<"created" | "exists">;
  /**
   * The object, or its first `objectLimit` bytes, or a range of it; null when there is none. A range past the end is cut
   * to what is there.
   */
  get(key: string, range?: ByteRange): Promise<Buffer | null>;
  /** Size in bytes; null when there is none. */
  head(key: string): Promise<{ readonly bytes: number } | null>;
  /**
   * Keys that begin with `prefix`, those after `after` when it is given, in byte order. Only keys that lie beside a
   * folder whose name they continue (`a-b` and `a/c`) may come elsewhere: some S3 servers sort by folder.
   */
  list(prefix: string, after?: string): AsyncIterable<string>;
}

/** A store as its owner opens it. */
export interface Archive extends ArchiveStore {
  /** For people: `/var/lib/sallyport/archive`, `s3://bucket/prefix`. */
  readonly place: string;
  /** Removes what writers that died over an hour before `now` (milliseconds) have left. */
  clean(now: number): Promise<void>;
}

/** What a writer left so long ago is no upload that goes on. */
export const abandonedAfter = 3_600_000;

/** Keys are slash-separated parts of `a-z 0-9 . _ -`, none of which begins with a dot: safe as paths and in URLs. */
const keyForm = /^[a-z0-9][a-z0-9._-]*(\/[a-z0-9][a-z0-9._-]*)*$/;

export const isKey = (key: string): boolean => key.length <= 512 && keyForm.test(key);

export function checkKey(key: string): void {
  if (!isKey(key)) throw new Error(`\`${key}\` is no archive key`);
}
