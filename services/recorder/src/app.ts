import type { KeyObject } from "node:crypto";
import type { Bus } from "@sallyport/bus";
import { randomId } from "@sallyport/contracts";
import type { ArchiveStore } from "@sallyport/evidence";
import {
  observeService,
  openHttp,
  type Alarms,
  type HttpServer,
  type Log,
  type Telemetry,
} from "@sallyport/runtime";
import { Recorder, type RecorderState } from "./recorder.ts";

export interface RecorderServiceOptions {
  readonly bus: Bus;
  readonly store: ArchiveStore;
  readonly signingKey: KeyObject;
  /** Milliseconds after which a command is in the archive. */
  readonly every: number;
  readonly partitions?: readonly number[];
  readonly segmentBytes?: number;
  readonly holePatience?: number;
  readonly http: {
    readonly address: { readonly host: string; readonly port: number };
    readonly tls?: { readonly cert: string; readonly key: string };
  };
  readonly log: Log;
  readonly alarms: Alarms;
  /** Stays the caller's. */
  readonly telemetry?: Telemetry | null;
}

export interface RunningRecorder {
  readonly http: HttpServer;
  /** By partition. */
  state(): Readonly<Record<number, RecorderState>>;
  /** Archives what is in the streams by now, and ends; the bus stays the caller's. */
  stop(): Promise<void>;
}

/** Records every partition that it gets the lease of, and stands by for the others. */
export async function startRecorder(options: RecorderServiceOptions): Promise<RunningRecorder> {
  const { log, alarms, bus, partitions = [0], telemetry = null } = options;
  const id = `${process.pid}-${randomId()}`;
  const telling = telemetry && (await import("./telemetry.ts"));
  const watches = new Map(
    telling &&
      partitions.map((partition) => [
        partition,
        new telling.PartitionTelemetry(telemetry, partition),
      ]),
  );
  const recorders = new Map(
    partitions.map((partition) => [
      partition,
      new Recorder({
        bus,
        store: options.store,
        partition,
        id,
        signingKey: options.signingKey,
        every: options.every,
        ...(options.segmentBytes !== undefined && { segmentBytes: options.segmentBytes }),
        ...(options.holePatience !== undefined && { holePatience: options.holePatience }),
        log: log.child({ partition }),
        alarms,
        watch: watches.get(partition) ?? null,
      }),
    ]),
  );
  const state = (): Record<number, RecorderState> =>
    Object.fromEntries([...recorders].map(([partition, recorder]) => [partition, recorder.state]));
  if (telling) {
    observeService(telemetry, { alarms, bus });
    telling.observeRecorders(telemetry, watches, state);
  }
  const http = await openHttp({
    service: "recorder",
    address: options.http.address,
    ...(options.http.tls && { tls: options.http.tls }),
    log,
    alarms,
    metrics: telemetry?.page,
    // A recorder that stands by serves too; one whose archive takes nothing does not.
    readiness: () => {
      const all = Object.values(state());
      return {
        ready: bus.connected && all.every(({ archive }) => archive === null),
        details: { bus: bus.connected, partitions: state() },
      };
    },
  });
  for (const recorder of recorders.values()) recorder.start();
  return {
    http,
    state,
    stop: async () => {
      await Promise.all([...recorders.values()].map((recorder) => recorder.stop()));
      await http.close();
    },
  };
}
