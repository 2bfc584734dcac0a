import { readFileSync, readlinkSync, writeFileSync } from "node:fs";
import { basename } from "node:path";

/**
 * Calls `start`, whose child processes let Linux end their waits so many milliseconds late, together with others
 * (PR_SET_TIMERSLACK, 50 µs by default): a child has what its parent's thread has at that moment. Elsewhere it only calls.
 */
export function withTimerSlack<T>(milliseconds: number, start: () => T): T {
  const before = swap(`${milliseconds * 1e6}`);
  try {
    return start();
  } finally {
    if (before !== undefined) swap(before);
  }
}

/** What it was, or undefined where it cannot be told or set. */
function swap(nanoseconds: string): string | undefined {
  try {
    const file = `/proc/${basename(readlinkSync("/proc/thread-self"))}/timerslack_ns`;
    const before = readFileSync(file, "utf8").trim();
    writeFileSync(file, nanoseconds);
    return before;
  } catch {
    return undefined;
  }
}
