import type { Telemetry } from "@sallyport/runtime";
import type { LiveSessions } from "../live-sessions.ts";
import type { Worker, WorkerWatch } from "../worker.ts";

/** What a worker tells of itself. */
export interface WorkerTelemetry {
  readonly watch: WorkerWatch;
  /** Begins once the worker is there; returns what ends it. */
  observe(worker: Worker, live: LiveSessions): () => void;
}

/** Null without telemetry: then none of its code is loaded. */
export async function openWorkerTelemetry(
  telemetry: Telemetry | null,
  isConnection: (name: string) => boolean,
): Promise<WorkerTelemetry | null> {
  if (telemetry === null) return null;
  const { ProxyTelemetry } = await import("./proxy-telemetry.ts");
  const { observeWorker } = await import("./observe-worker.ts");
  return {
    watch: new ProxyTelemetry(telemetry, isConnection),
    observe: (worker, live) => observeWorker(telemetry, worker, live),
  };
}
