import { randomBytes } from "node:crypto";
import { constants } from "node:fs";
import { link, mkdir, open, readdir, stat, unlink } from "node:fs/promises";
import { dirname, join } from "node:path";
import {
  abandonedAfter,
  checkKey,
  objectLimit,
  type Archive,
  type ByteRange,
} from "./archive-store.ts";

/** Begins with a dot, so no key reaches it. On the same file system as the objects: link(2) does not cross. */
const incoming = ".incoming";

/**
 * An archive in a directory. An object is written to a file of its own, synced, and then linked to its name, which
 * link(2) refuses when the name is taken; the directory is synced before anybody is told.
 */
export class DirectoryStore implements Archive {
  readonly directory: string;

  constructor(directory: string) {
    this.directory = directory;
  }

  get place(): string {
    return this.directory;
  }

  async putIfAbsent(key: string, bytes: Uint8Array): Promise<"created" | "exists"> {
    checkKey(key);
    const target = join(this.directory, key);
    await this.#makeDirectory(join(this.directory, incoming));
    await this.#makeDirectory(dirname(target));
    const temporary = join(this.directory, incoming, randomBytes(16).toString("hex"));
    const file = await open(temporary, "wx", 0o400);
    try {
      try {
        await file.writeFile(bytes);
        await file.sync();
      } finally {
        await file.close();
      }
      const answer = await link(temporary, target).then(
        () => "created" as const,
        (cause: unknown) => {
          if (isCode(cause, "EEXIST")) return "exists" as const;
          throw cause;
        },
      );
      // For `exists` too: whoever linked it may have died before it synced.
      await syncDirectory(dirname(target));
      return answer;
    } finally {
      await unlink(temporary);
    }
  }

  async get(key: string, range?: ByteRange): Promise<Buffer | null> {
    checkKey(key);
    // Whoever hands an archive over may have put a pipe or a device into it, which would be read for ever.
    const flags = constants.O_RDONLY | constants.O_NONBLOCK;
    const file = await orNull(open(join(this.directory, key), flags));
    if (file === null) return null;
    try {
      const found = await file.stat();
      if (!found.isFile()) return null;
      const { offset, length } = range ?? { offset: 0, length: objectLimit };
      const bytes = Buffer.alloc(Math.min(length, Math.max(0, found.size - offset)));
      let filled = 0;
      while (filled < bytes.length) {
        const { bytesRead } = await file.read(
          bytes,
          filled,
          bytes.length - filled,
          offset + filled,
        );
        if (bytesRead === 0) break;
        filled += bytesRead;
      }
      return bytes.subarray(0, filled);
    } finally {
      await file.close();
    }
  }

  async head(key: string): Promise<{ readonly bytes: number } | null> {
    checkKey(key);
    const found = await orNull(stat(join(this.directory, key)));
    return found?.isFile() === true ? { bytes: found.size } : null;
  }

  async *list(prefix: string, after = ""): AsyncIterable<string> {
    const folder = prefix.slice(0, prefix.lastIndexOf("/") + 1);
    for await (const key of this.#walk(folder)) {
      if (key.startsWith(prefix) && key > after) yield key;
    }
  }

  async clean(now: number): Promise<void> {
    const folder = join(this.directory, incoming);
    for (const name of (await orNull(readdir(folder))) ?? []) {
      const found = await orNull(stat(join(folder, name)));
      if (found !== null && now - found.mtimeMs > abandonedAfter)
        await orNull(unlink(join(folder, name)));
    }
  }

  /** Byte order of whole keys: a folder sorts as its name with the slash. */
  async *#walk(folder: string): AsyncIterable<string> {
    const entries = await orNull(readdir(join(this.directory, folder), { withFileTypes: true }));
    const names = (entries ?? [])
      .filter((entry) => !entry.name.startsWith("."))
      .map((entry) => (entry.isDirectory() ? `${entry.name}/` : entry.name))
      .toSorted((a, b) => (a < b ? -1 : 1));
    for (const name of names) {
      if (name.endsWith("/")) yield* this.#walk(folder + name);
      else yield folder + name;
    }
  }

  /** Makes a directory with its parents and syncs the parent of each that is new. */
  async #makeDirectory(directory: string): Promise<void> {
    const first = await mkdir(directory, { recursive: true, mode: 0o700 });
    if (first === undefined) return;
    for (let made = directory; made.length >= first.length; made = dirname(made))
      await syncDirectory(dirname(made));
  }
}

async function syncDirectory(directory: string): Promise<void> {
  const handle = await open(directory, "r");
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

const isCode = (cause: unknown, code: string): boolean =>
  cause instanceof Error && "code" in cause && cause.code === code;

async function orNull<T>(promise: Promise<T>): Promise<T | null> {
  try {
    return await promise;
  } catch (cause) {
    if (["ENOENT", "ENOTDIR", "ELOOP"].some((code) => isCode(cause, code))) return null;
    throw cause;
  }
}
