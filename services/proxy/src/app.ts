import { takeMessages } from "@sallyport/bus";
import { Control, subjects } from "@sallyport/contracts";
import {
  addressText,
  Alarms,
  observeService,
  openHttp,
  SallyError,
  type HttpOptions,
  type Log,
  type Telemetry,
} from "@sallyport/runtime";
import { LiveSessions } from "./live-sessions.ts";
import type { OAuthOffer } from "./postgres/authenticate.ts";
import { Cancels } from "./postgres/cancels.ts";
import { Connections } from "./postgres/connections.ts";
import { openPostgresListener } from "./postgres/listener/listener.ts";
import { roomForSession } from "./postgres/listener/open-files.ts";
import { serve } from "./postgres/serve.ts";
import { openWorkerTelemetry } from "./telemetry/open-telemetry.ts";
import { SessionCounts, type CountLimits } from "./session-counts.ts";
import { watchForSharedKey } from "./shared-key.ts";
import { overstayed, type SessionLimits } from "./session-limits.ts";
import { untilServing } from "./until-serving.ts";
import { Worker, type WorkerOptions } from "./worker.ts";

export interface ProxyOptions extends Omit<WorkerOptions, "alarms" | "watch"> {
  readonly postgres: {
    readonly address: { readonly host: string; readonly port: number };
    /** PEM files; null: no TLS, loopback only. */
    readonly tls: { readonly cert: string; readonly key: string } | null;
    readonly oauth: OAuthOffer | null;
  };
  readonly http: Pick<HttpOptions, "address" | "tls">;
  readonly maskingKey: Buffer;
  /** What relative paths of secrets are relative to. */
  readonly directory: string;
  /** Milliseconds and bytes. */
  readonly handshake: number;
  readonly statement: number;
  readonly resultSize: number;
  readonly drain: number;
  readonly limits?: SessionLimits;
  readonly counts?: CountLimits;
  readonly log: Log;
  /** Stays the caller's. */
  readonly telemetry?: Telemetry | null;
}

export interface RunningProxy {
  readonly http: { readonly host: string; readonly port: number };
  readonly postgres: { readonly host: string; readonly port: number };
  /** Takes nobody more, tells idle sessions to go, gives the others their time, and stores what is left. */
  stop(): Promise<void>;
}

const recordPatience = 10_000;
const startPatience = 10_000;

/** Starts one worker; resolves when it serves. */
export async function startProxy(options: ProxyOptions): Promise<RunningProxy> {
  const { log, telemetry = null } = options;
  const alarms = new Alarms(log);
  const telling = await openWorkerTelemetry(telemetry, (name) =>
    Object.hasOwn(worker.bundle?.connections ?? {}, name),
  );
  const worker: Worker = await Worker.open({ ...options, alarms, watch: telling?.watch ?? null });
  const live = new LiveSessions();
  const endTelling = telling?.observe(worker, live);
  if (telemetry) observeService(telemetry, { alarms, bus: worker.bus });
  const connections = new Connections({
    current: () => worker.bundle?.connections ?? {},
    directory: options.directory,
    maxBuffered: 16 * 1024 * 1024,
    newRecord: () => worker.newRecord(),
    log,
  });
  const counts = new SessionCounts(worker.bus, options.counts ?? {});
  const cancels = new Cancels(worker.bus, connections, log);
  watchForSharedKey(worker.bus);
  let draining = false;
  const watch = watchSessions(worker, live, options.limits ?? {});
  const listener = await openPostgresListener({
    address: options.postgres.address,
    tls: options.postgres.tls ?? "off",
    handshake: options.handshake,
    reusePort: true,
    log,
    admit: () => {
      if (draining) return new SallyError("draining");
      return roomForSession(live.size) ? null : new SallyError("too-many-connections");
    },
    onStartup: (incoming) => {
      void serve(incoming, {
        worker,
        connections,
        live,
        counts,
        cancels,
        maskingKey: options.maskingKey,
        statementLimit: options.statement,
        resultLimit: options.resultSize,
        oauth: options.postgres.oauth,
        log,
      });
    },
    onCancel: ({ pid, key }) => cancels.request(pid, key),
  });
  const drain = async (patience: number): Promise<void> => {
    draining = true;
    await listener.close();
    await live.drain(patience);
  };
  takeOrders(worker, live, () => void drain(options.drain));
  const http = await openHttp({
    service: "proxy",
    ...options.http,
    log,
    alarms,
    metrics: telemetry?.page,
    readiness: () => ({
      ready: !draining && worker.closedToSessions() === null && worker.bundle !== null,
      details: {
        ...worker.details(),
        sessions: live.size,
        postgres: addressText(listener),
      },
    }),
  });
  await untilServing(worker, startPatience);
  return {
    http,
    postgres: { host: listener.host, port: listener.port },
    stop: async () => {
      await drain(options.drain);
      clearInterval(watch);
      endTelling?.();
      connections.stop();
      cancels.stop();
      counts.stop();
      await worker.stop(recordPatience);
      await http.close();
    },
  };
}

/** INVARIANT (I7): what ends sessions by itself: revocation, time, a bundle that takes `connect` away. */
function watchSessions(worker: Worker, live: LiveSessions, limits: SessionLimits): NodeJS.Timeout {
  worker.revocations.onRevoked(({ principal }) => {
    for (const session of live.of(principal)) session.end("revoked");
  });
  worker.onBundle(() => live.each((session) => session.recheck()));
  return setInterval(() => {
    const now = performance.now();
    const silent = !worker.revocations.current();
    live.each((session) => {
      if (session.until <= Date.now() || session.lasts <= now) session.end("session-expired");
      else if (worker.revocations.of(session.principal.id)) session.end("revoked");
      else {
        session.hush(silent);
        const over = overstayed(session, limits, now);
        if (over) session.end(over.code, over.params);
      }
    });
  }, 250);
}

/** Orders of operators, authn and the recorder. */
function takeOrders(worker: Worker, live: LiveSessions, drain: () => void): void {
  const take = (order: Control): void => {
    switch (order.type) {
      case "drain":
        return drain();
      case "end":
        if (order.session !== null)
          live.get(order.session)?.end("session-ended", { reason: order.reason ?? "ended" });
        // Who ends a principal's sessions revokes it: the beat says the same, and either may come first.
        else if (order.principal !== undefined)
          for (const session of live.of(order.principal)) session.end("revoked");
    }
  };
  takeMessages(worker.bus, subjects.controlOf(worker.name), Control, take);
  takeMessages(worker.bus, subjects.controlAll, Control, take);
}
