/** A piece of an object, in bytes. */
export interface ByteRange {
  readonly offset: number;
  readonly length: number;
}

/**
 * Where evidence lies: objects that are created once and never change. Every implementation passes
 * `archiveContract`. All methods reject with what the medium said; none retries.
 */
export interface ArchiveStore {
  /**
   * Creates the object whole or not at all, and only if the key is free; of racing writers one hears `created`.
   * Either answer means that an object is there and survives a crash from then on.
   */
  putIfAbsent(key: string, bytes: Uint8Array): Promise<"created" | "exists">;
  /** The object or a range of it; null when there is none. A range past the end is cut to what is there. */
  get(key: string, range?: ByteRange): Promise<Buffer | null>;
  /** Size in bytes; null when there is none. */
  head(key: string): Promise<{ readonly bytes: number } | null>;
  /** Keys that begin with `prefix`, in byte order, those after `after` when it is given. */
  list(prefix: string, after?: string): AsyncIterable<string>;
}

/** Keys are slash-separated parts of `a-z 0-9 . _ -`, none of which begins with a dot: safe as paths and in URLs. */
const keyForm = /^[a-z0-9][a-z0-9._-]*(\/[a-z0-9][a-z0-9._-]*)*$/;

export function checkKey(key: string): void {
  if (key.length > 512 || !keyForm.test(key)) throw new Error(`\`${key}\` is no archive key`);
}
