import { randomBytes } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { Bucket, connectBus, readCredentials } from "@sallyport/bus";
import { buckets, Bundle, keys } from "@sallyport/contracts";
import { readCluster } from "@sallyport/runtime";
import { FaultyS3, freePort, hasS3, startS3, waitFor } from "@sallyport/testkit";
import { expect, test } from "vitest";
import { parse } from "yaml";
import { firing, type Rule } from "../../infra/telemetry/firing.ts";
import type { Point, Series } from "../../infra/telemetry/promql.ts";
import { HeardAlarms, silent } from "../peer/bus.fixture.ts";
import { WebhookReceiver } from "../peer/webhook-receiver.ts";
import { startCluster, type Cluster } from "./cluster.ts";
import { readPrometheusText } from "./prometheus-text.ts";

const file = fileURLToPath(new URL("../../infra/telemetry/alerts.yaml", import.meta.url));
const { groups } = parse(readFileSync(file, "utf8")) as { groups: { rules: Rule[] }[] };
const rules = groups.flatMap((group) => group.rules);
const services = ["proxy", "policy", "approval", "recorder", "authn"] as const;
/** A second of ours is half a minute of Prometheus', and ages and what is counted a second are stretched with it. */
const stretch = 30;
const stretched = /^sallyport_((recorder_lag|holds_oldest|webhooks_oldest)_seconds|logins_total)$/;

type Growing = Omit<Series, "points"> & { readonly points: Point[] };

/** Asks every service for its metrics twice a second, as Prometheus does each quarter of a minute. */
class Scraper {
  readonly #cluster: Cluster;
  readonly #found = new Map<string, Growing>();
  readonly #began = performance.now();
  readonly #working: Promise<void>;
  #stopped = false;

  constructor(cluster: Cluster) {
    this.#cluster = cluster;
    this.#working = this.#work();
  }

  get now(): number {
    return ((performance.now() - this.#began) / 1000) * stretch;
  }

  fired(from: number): Set<string> {
    return firing(rules, [...this.#found.values()], { from, to: this.now });
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    await this.#working;
  }

  async #work(): Promise<void> {
    while (!this.#stopped) {
      await Promise.all(services.map((service) => this.#scrape(service)));
      await delay(500);
    }
  }

  async #scrape(service: (typeof services)[number]): Promise<void> {
    const cluster = readCluster(this.#cluster.data);
    const url = service === "proxy" ? cluster?.workers["w1"] : cluster?.http[service];
    const page = await fetch(`${url}/metrics`, { signal: AbortSignal.timeout(1000) })
      .then((answer) => answer.text())
      .catch(() => null);
    const at = this.now;
    const samples = page === null ? [] : readPrometheusText(page).samples;
    const there = new Set<string>();
    for (const { name, labels, value } of [
      { name: "up", labels: {}, value: page === null ? 0 : 1 },
      ...samples,
    ]) {
      const own = { job: "sallyport", instance: service, ...labels };
      const key = JSON.stringify([name, own]);
      there.add(key);
      const known: Growing = this.#found.get(key) ?? { name, labels: own, points: [] };
      known.points.push({ at, value: stretched.test(name) ? value * stretch : value });
      this.#found.set(key, known);
    }
    // What is not there any more ends.
    for (const [key, { labels, points }] of this.#found)
      if (labels["instance"] === service && !there.has(key)) points.push({ at, value: Number.NaN });
  }
}

/** Puts a value into the bundle's bucket with the operator's key, past `sally apply`. */
async function putBundle(cluster: Cluster, value: object): Promise<void> {
  const bus = await connectBus({
    servers: readCluster(cluster.data)?.servers ?? [],
    credentials: await readCredentials(join(cluster.data, "credentials"), "operator"),
    name: "test operator",
    log: silent,
    alarms: new HeardAlarms(),
  });
  await new Bucket<unknown>(bus, buckets.bundle, Bundle).put(keys.bundle, value);
  await bus.stop();
}

test.runIf(hasS3())(
  "alerts are silent in calm and fire on what is really scraped when parts fail",
  { timeout: 900_000 },
  async () => {
    await using s3 = await startS3();
    Object.assign(process.env, s3.env());
    await using faults = await FaultyS3.start(s3);
    const bucket = await s3.bucket();
    const gone = await WebhookReceiver.start();
    gone.reactions.push(410);
    const nobody = await freePort();
    const webhook = { kind: "webhook", secret: { env: "HOOK_SECRET" } } as const;
    await using cluster = await startCluster({
      env: { HOOK_SECRET: `whsec_${randomBytes(32).toString("base64")}` },
      policies: `
        @id("all") permit (principal, action, resource);
        @id("held") @hold("corp/dba") forbid (principal, action == Action::"delete", resource);`,
      change: (config) => {
        config.telemetry = { prometheus: "on" };
        config.archive = { every: "1s", s3: { bucket, prefix: "", endpoint: faults.endpoint } };
        config.limits = { verdict: "2s", record: "1MiB", output: "8MiB" };
        config.connections["shop"]!.record = "rows";
        config.approvals!.notify = [
          { ...webhook, name: "gone", url: `http://127.0.0.1:${gone.port}/` },
          { ...webhook, name: "nobody", url: `http://127.0.0.1:${nobody}/` },
        ];
      },
    });
    const scraper = new Scraper(cluster);
    const client = await cluster.connect("ci-runner");
    const ask = (text: string): Promise<unknown> =>
      client.query(text).catch((cause: unknown) => cause);
    for (const until = scraper.now + 600; scraper.now < until; await delay(100))
      await ask("SELECT 1");
    expect(scraper.fired(0)).toEqual(new Set());

    const wanted = new Set<string>();
    const fires = async (doing: () => Promise<unknown>, ...alerts: string[]): Promise<void> => {
      const from = scraper.now;
      for (const alert of alerts) wanted.add(alert);
      await waitFor(
        async () => {
          await doing();
          const fired = scraper.fired(from);
          return alerts.every((alert) => fired.has(alert));
        },
        { what: `${alerts.join(" and ")} to fire`, timeout: 120_000, every: 300 },
      );
    };
    const idle = (): Promise<void> => Promise.resolve();
    const frozen = async (
      service: Parameters<Cluster["service"]>[0],
      doing: () => Promise<unknown>,
      ...alerts: string[]
    ): Promise<void> => {
      const part = cluster.service(service);
      part.freeze();
      await fires(doing, ...alerts).finally(() => part.thaw());
    };

    await frozen("approval", idle, "SallyportDown");
    await frozen("authn", idle, "SallyportBeatLost");
    await frozen("policy", () => ask("SELECT 2"), "SallyportPolicySilent");
    await frozen("recorder", idle, "SallyportRecorderAbsent");
    await frozen("nats-server", idle, "SallyportBusLost");
    await waitFor(async () => !((await ask("SELECT 3")) instanceof Error), {
      what: "all to serve again",
      timeout: 120_000,
    });
    const other = await cluster.connect("ci-runner");
    await fires(async () => {
      const policy = cluster.service("policy");
      policy.freeze();
      const asked = ask("SELECT 7");
      await delay(400).finally(() => policy.thaw());
      await asked;
    }, "SallyportGateSlow");
    const guess = (): Promise<unknown> =>
      cluster.connect("ci-runner", { password: "nonsense" }).catch((cause: unknown) => cause);
    await fires(() => Promise.all(Array.from({ length: 3 }, guess)), "SallyportLogInsFailing");

    const away = scraper.now;
    await faults.down();
    const many = other.query(
      "SELECT encode(sha512(n::text::bytea), 'hex') FROM generate_series(1, 200000) AS n",
    );
    await fires(idle, "SallyportOutputFull");
    await fires(
      () => ask(`SELECT 4 /* ${"x".repeat(40_000)} */`),
      "SallyportArchiveFailing",
      "SallyportRecorderLagging",
      "SallyportRecordFilling",
      "SallyportRecordFull",
    );
    await fires(() => ask("SELECT 5"), "SallyportRecordGateRefusing");
    // authn reads in the archive whom it must not forget.
    await cluster.service("authn").kill();
    await fires(idle, "SallyportRevocationsIncomplete");
    expect(scraper.fired(away)).not.toContain("SallyportAlarm");
    await faults.up();
    expect((await many).rows).toHaveLength(200_000);
    await other.end();
    await waitFor(async () => !((await ask("SELECT 6")) instanceof Error), {
      what: "all to serve again",
      timeout: 120_000,
    });
    const held = ask("DELETE FROM orders WHERE id = 1");
    await fires(
      idle,
      "SallyportHoldWaiting",
      "SallyportWebhookFailing",
      "SallyportWebhookAbandoned",
    );
    await client.end();
    await held;
    // As a later version of `sally apply` would.
    await putBundle(cluster, { v: 2, type: "bundle" });
    await fires(idle, "SallyportBundleRefused", "SallyportBundleBehind", "SallyportAlarm");
    await scraper.stop();
    await gone.close();
    expect([...wanted].toSorted()).toEqual(rules.map(({ alert }) => alert).toSorted());
  },
);
