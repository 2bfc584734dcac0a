import { setTimeout as delay } from "node:timers/promises";
import type { Worker } from "./worker.ts";

/**
 * Waits until sessions may open: the beat was heard, revocations and bundle are here. After `patience` milliseconds
 * it waits no longer: a session is then refused with what is missing.
 */
export async function untilServing(worker: Worker, patience: number): Promise<void> {
  const giveUp = performance.now() + patience;
  while (worker.closedToSessions() !== null || worker.bundle === null) {
    if (performance.now() > giveUp) {
      worker.log.warn({ closed: worker.closedToSessions() }, "serving, but nobody can log in yet");
      return;
    }
    await delay(20);
  }
}
