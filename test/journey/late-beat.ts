import { setTimeout as delay } from "node:timers/promises";

/**
 * What a worker says when authn's beat was not heard for two seconds: it serves nobody until the next one (I7). On a
 * machine that is busy elsewhere the beat may be late, with nothing wrong.
 */
export const isLateBeat = (text: string): boolean =>
  text.includes("revocations have not been heard of for too long");

/** Logs in, again when only the beat is late; for a minute at most. */
export async function unlessBeatIsLate<T>(logIn: () => Promise<T>): Promise<T> {
  const giveUp = performance.now() + 60_000;
  for (;;) {
    try {
      return await logIn();
    } catch (cause) {
      const late = cause instanceof Error && isLateBeat(cause.message);
      if (!late || performance.now() > giveUp) throw cause;
      await delay(100);
    }
  }
}
