import type { Log } from "./log.ts";

export interface ShutdownOptions {
  readonly log: Log;
  /** Ends gracefully; called once. */
  readonly stop: () => Promise<void>;
  /** Milliseconds that `stop` may take. */
  readonly deadline: number;
}

/**
 * On SIGTERM, SIGINT, or when the parent that holds our IPC channel is gone: stops once, then exits with 0; with 1
 * when `stop` throws or takes longer than the deadline. A second signal ends at once.
 */
export function onShutdown({ log, stop, deadline }: ShutdownOptions): void {
  let stopping = false;
  const begin = (why: string): void => {
    if (stopping) {
      log.warn({ why }, "ending at once");
      process.exit(1);
    }
    stopping = true;
    log.info({ why }, "stopping");
    setTimeout(() => {
      log.error({ deadline }, "did not stop in time");
      process.exit(1);
    }, deadline).unref();
    stop().then(
      () => {
        log.info("stopped");
        process.exit(0);
      },
      (err: unknown) => {
        log.error({ err }, "stopping failed");
        process.exit(1);
      },
    );
  };
  process.on("SIGTERM", () => begin("SIGTERM"));
  process.on("SIGINT", () => begin("SIGINT"));
  if (process.send === undefined) return;
  const orphaned = (): void => {
    if (!stopping) begin("the parent is gone");
  };
  if (process.connected) process.once("disconnect", orphaned);
  else orphaned();
}
