import { readdirSync, statfsSync, statSync } from "node:fs";
import { join } from "node:path";

/** Less than this on the disk is none: nats-server would stop writing again with the next block. */
export const enough = 64 * 1024 ** 2;

export interface Disk {
  /** Bytes of the file system that a directory is on. */
  readonly total: number;
  readonly free: number;
}

export function diskOf(directory: string): Disk {
  const { bsize, blocks, bavail } = statfsSync(directory);
  return { total: blocks * bsize, free: bavail * bsize };
}

/** Bytes of all files below a directory; what goes away meanwhile is not counted. */
export function bytesBelow(directory: string): number {
  return readdirSync(directory, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map(({ parentPath, name }) => statSync(join(parentPath, name), { throwIfNoEntry: false }))
    .reduce((sum, found) => sum + (found?.size ?? 0), 0);
}

/**
 * Why a stream is written no more, as nats-server's health page says it; null when it says no such thing or nothing at
 * all. After an error of its disk nats-server writes a stream no more, and purges none, until it is started again.
 */
export async function writeError(monitoring: string): Promise<string | null> {
  try {
    const answer = await fetch(new URL("/healthz", monitoring), {
      signal: AbortSignal.timeout(2000),
    });
    return writeErrorIn(await answer.text());
  } catch {
    return null;
  }
}

export const writeErrorIn = (page: string): string | null =>
  / > ([\w-]+)' write error: ([^"]*)/.exec(page.replaceAll("\\u003e", ">"))?.slice(1).join(": ") ??
  null;
