import { setTimeout as delay } from "node:timers/promises";

/** What a condition gives while it does not hold yet. */
type NotYet = false | undefined | null | "" | 0;

/**
 * Polls `condition` until it gives something true, and gives that back. A condition that throws does not hold yet.
 * The error after `timeout` milliseconds (60 s by default) says `what` was waited for and what the last throw said.
 */
export async function waitFor<T>(
  condition: () => T | NotYet | Promise<T | NotYet>,
  options: { what: string; timeout?: number; every?: number },
): Promise<T> {
  const { what, timeout = 60_000, every = 20 } = options;
  const deadline = performance.now() + timeout;
  let lastThrow: unknown;
  for (;;) {
    try {
      const value = await condition();
      if (value) return value;
      lastThrow = undefined;
    } catch (cause) {
      lastThrow = cause;
    }
    if (performance.now() > deadline) {
      const because = lastThrow instanceof Error ? `: ${lastThrow.message}` : "";
      throw new Error(`waited ${timeout} ms for ${what}${because}`, { cause: lastThrow });
    }
    await delay(every);
  }
}
