import { FillWatch } from "@sallyport/bus";
import { streams } from "@sallyport/contracts";
import type { Observation, Telemetry } from "@sallyport/runtime";
import type { LiveSessions } from "../live-sessions.ts";
import type { Worker } from "../worker.ts";

/** What is read of a worker whenever somebody asks. Returns what ends that. */
export function observeWorker(
  telemetry: Telemetry,
  worker: Worker,
  live: LiveSessions,
): () => void {
  const output = new FillWatch(worker.bulk, streams.output(worker.bus.credentials.partition));
  telemetry.observe("sallyport.sessions", () => byConnection(worker, live));
  telemetry.observe("sallyport.gate.waiting", () => worker.state.waiting);
  telemetry.observe("sallyport.policy.probing", () => Number(worker.state.probing));
  telemetry.observe("sallyport.beat.current", () => Number(worker.state.beat));
  telemetry.observe("sallyport.bundle.revision", () => worker.state.revision);
  telemetry.observe("sallyport.record.unacknowledged", () => worker.state.unacknowledged.record);
  telemetry.observe("sallyport.output.unacknowledged", () => worker.state.unacknowledged.output);
  telemetry.observe("sallyport.stream.fill", () =>
    Object.entries({ record: worker.fill, output }).flatMap(([stream, { ratio }]) =>
      ratio === null ? [] : [[ratio, { "sallyport.stream": stream }] as const],
    ),
  );
  return () => output.stop();
}

/** A connection without a session is 0, so that it does not look as if nobody told. */
function byConnection(worker: Worker, live: LiveSessions): Observation[] {
  const counts = new Map(Object.keys(worker.bundle?.connections ?? {}).map((name) => [name, 0]));
  live.each(({ connection }) => counts.set(connection, (counts.get(connection) ?? 0) + 1));
  return [...counts].map(([connection, count]) => [count, { "sallyport.connection": connection }]);
}
