import { connectBus, readCredentials, RecordPublisher, type Bus } from "@sallyport/bus";
import {
  Alarms,
  observeService,
  openHttp,
  type HttpOptions,
  type HttpServer,
  type Log,
  type Telemetry,
} from "@sallyport/runtime";
import { BundleFeed } from "./bundle-feed.ts";
import { HoldBucket } from "./holds/bucket.ts";
import { HoldKeeper } from "./holds/keeper.ts";
import { Judging } from "./judging.ts";
import { VerdictWriter } from "./verdict-writer.ts";

export interface PolicyOptions {
  /** NATS URLs. */
  readonly servers: readonly string[];
  /** The folder of bus credentials. */
  readonly credentials: string;
  readonly http: Pick<HttpOptions, "address" | "tls">;
  readonly log: Log;
  /** Milliseconds after its expiry that a hold can still be looked at; a day when left out. */
  readonly holdRetention?: number;
  /** Stays the caller's. */
  readonly telemetry?: Telemetry | null;
}

export interface RunningPolicy {
  readonly http: { readonly host: string; readonly port: number };
  readonly alarms: Alarms;
  /** Answers what has come, then ends; verdicts that are not stored within `drain` milliseconds are given up. */
  stop(drain?: number): Promise<void>;
}

/** May they? Operations in, verdicts out. */
export async function startPolicy(options: PolicyOptions): Promise<RunningPolicy> {
  const { log, telemetry = null } = options;
  const alarms = new Alarms(log);
  const credentials = await readCredentials(options.credentials, "policy");
  const bus = await connectBus({
    servers: options.servers,
    credentials,
    name: "policy",
    log,
    alarms,
  });
  const publisher = new RecordPublisher(bus);
  const writer = new VerdictWriter(publisher);
  const feed = await BundleFeed.open(bus, log);
  const holds = new HoldKeeper({
    bucket: new HoldBucket(bus),
    feed,
    writer,
    log,
    alarms,
    retention: options.holdRetention ?? 24 * 3_600_000,
  });
  const watch = telemetry && (await import("./telemetry.ts")).watchJudging(telemetry);
  const judging = new Judging({ bus, feed, holds, writer, log, alarms, watch });
  if (telemetry) {
    observeService(telemetry, { alarms, bus });
    telemetry.observe("sallyport.record.unacknowledged", () => publisher.pendingBytes);
    telemetry.observe("sallyport.bundle.revision", () => feed.revision);
    telemetry.observe("sallyport.bundle.refused", () => Number(feed.refused !== null));
  }
  const http = await openHttp({
    ...options.http,
    service: "policy",
    log,
    alarms,
    metrics: telemetry?.page,
    readiness: () => ({
      ready: bus.connected && feed.inForce !== null,
      details: details({ bus, feed, judging, holds, publisher }),
    }),
  });
  return {
    http: { host: http.host, port: http.port },
    alarms,
    async stop(drain = 5000) {
      await http.close();
      await stopJudging({ bus, feed, judging, holds, publisher, http }, drain, log);
    },
  };
}

interface Parts {
  readonly bus: Bus;
  readonly feed: BundleFeed;
  readonly judging: Judging;
  readonly holds: HoldKeeper;
  readonly publisher: RecordPublisher;
}

const details = ({ bus, feed, judging, holds, publisher }: Parts) => ({
  bus: bus.connected ? "connected" : "disconnected",
  bundle: {
    revision: feed.revision,
    under: feed.inForce?.under ?? null,
    policies: feed.inForce?.engine.policies.length ?? 0,
    refused: feed.refused,
  },
  commands: judging.counts,
  holds: holds.counts,
  record: publisher.counts,
});

async function stopJudging(
  { bus, feed, judging, holds, publisher }: Parts & { http: HttpServer },
  drain: number,
  log: Log,
): Promise<void> {
  if (bus.connected) await Promise.race([judging.stop(), after(drain)]);
  feed.stop();
  await Promise.race([holds.stop(), after(drain)]);
  await Promise.race([publisher.drain(), after(drain)]);
  const lost = publisher.stop();
  if (lost > 0) log.warn({ lost }, "verdicts were not stored");
  await bus.stop();
}

const after = (millis: number): Promise<void> =>
  new Promise((resolve) => setTimeout(resolve, millis).unref());
