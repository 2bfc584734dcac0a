import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { metrics, prometheusName, readCluster, type MetricName } from "@sallyport/runtime";
import { hasPsql, waitFor } from "@sallyport/testkit";
import { startCluster, type Cluster } from "./cluster.ts";
import { OtlpReceiver, type ReceivedSpan } from "./otlp-receiver.ts";
import { readPrometheusText, type Scrape } from "./prometheus-text.ts";

const hook = fileURLToPath(new URL("./loaded-modules.ts", import.meta.url));
const services = ["proxy", "policy", "approval", "recorder", "authn"] as const;

/** The modules that each service of a deployment has loaded, by the service's name. */
function loadedBy(directory: string): Map<string, string[]> {
  const loaded = new Map<string, string[]>();
  for (const name of readdirSync(directory)) {
    const [command = "", ...urls] = readFileSync(join(directory, name), "utf8").split("\n");
    const service = /services\/([a-z]+)\/src\/main\.ts/.exec(command)?.[1];
    if (service !== undefined) loaded.set(service, [...(loaded.get(service) ?? []), ...urls]);
  }
  return loaded;
}

const folders: string[] = [];
function watchedEnv(): { env: Record<string, string>; loaded: string } {
  const loaded = mkdtempSync(join(tmpdir(), "sallyport-loaded-"));
  folders.push(loaded);
  return { loaded, env: { NODE_OPTIONS: `--import=${hook}`, LOADED_MODULES: loaded } };
}
afterAll(() => {
  for (const folder of folders) rmSync(folder, { recursive: true });
});

describe.skipIf(!hasPsql())("telemetry that is on", () => {
  let receiver: OtlpReceiver;
  let cluster: Cluster;
  const { env, loaded } = watchedEnv();
  beforeAll(async () => {
    receiver = await OtlpReceiver.start();
    cluster = await startCluster({
      env: { ...env, OTLP_AUTHORIZATION: "Bearer for-the-collector" },
      change: (config) => {
        config.telemetry = {
          otlp: {
            endpoint: receiver.endpoint,
            encoding: "json",
            every: "1s",
            headers: { authorization: { env: "OTLP_AUTHORIZATION" } },
          },
          prometheus: "on",
        };
      },
    });
  });
  afterAll(async () => {
    await cluster?.stop();
    await receiver?.[Symbol.asyncDispose]();
  });

  /** Waits until a trace has its spans; each service sends its own of them when it likes. */
  const wholeTrace = async (
    parent: string,
    names = ["archive", "policy", "gate.record", "gate.policy", "command"],
  ): Promise<ReceivedSpan[]> => {
    const trace = parent.slice(3, 35);
    for (const wanted of names)
      await receiver.span(
        ({ name, trace: of }) => name === wanted && of === trace,
        `span \`${wanted}\``,
      );
    return receiver.spans.filter((span) => span.trace === trace);
  };

  test("one trace from the client's command through gates, policy, target and archive", async () => {
    const parent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
    const text = `SELECT name FROM customers ORDER BY id LIMIT 2 /*traceparent='${parent}'*/`;
    expect(await cluster.psql("ci-runner", text)).toMatchObject({ code: 0, stderr: "" });
    await wholeTrace(parent);
    const spans = await wholeTrace(parent, ["target"]);
    const [command] = spans.filter(({ name }) => name === "command");
    if (!command) throw new Error("no command");
    // Its parent is the client's own span; all others lie beneath it, each from the process that did the work.
    expect(command.parent).toBe(parent.slice(36, 52));
    const beneath = spans
      .filter((span) => span !== command)
      .map(({ service, name, parent: above }) => ({ service, name, above }));
    expect(beneath.toSorted((a, b) => a.name.localeCompare(b.name))).toEqual([
      { service: "sallyport-recorder", name: "archive", above: command.span },
      { service: "sallyport-proxy", name: "gate.policy", above: command.span },
      { service: "sallyport-proxy", name: "gate.record", above: command.span },
      { service: "sallyport-policy", name: "policy", above: command.span },
      { service: "sallyport-proxy", name: "target", above: command.span },
    ]);
    expect(command).toMatchObject({
      service: "sallyport-proxy",
      failed: false,
      attributes: {
        "sallyport.connection": "shop",
        "sallyport.command.kind": "simple",
        "sallyport.verdict": "pass",
        "sallyport.outcome": "executed",
        "db.response.returned_rows": 2,
        "db.operation.name": "SELECT",
      },
    });
    const of = (name: string): ReceivedSpan => {
      const found = spans.find((span) => span.name === name);
      if (!found) throw new Error(`no ${name}`);
      return found;
    };
    // The target hears of it when both gates have answered, and the command ends with its answer.
    const target = of("target");
    for (const gate of [of("gate.record"), of("gate.policy")]) {
      expect(gate.start >= command.start).toBe(true);
      expect(gate.end <= target.start).toBe(true);
    }
    expect(target.end <= command.end).toBe(true);
    expect(target.end > target.start).toBe(true);
  });

  test("without one from the client each command has a trace of its own, linked to its session's", async () => {
    await cluster.psql("ci-runner", ["-At", "-c", "SELECT 1", "-c", "SELECT 2"]);
    const { session: id } = await cluster.archived(
      ({ commands: asked, closed }) => asked === 3 && closed !== null,
    );
    const session = await receiver.span(
      ({ name, attributes }) =>
        name === "session" &&
        attributes["sallyport.session.id"] === id &&
        attributes["sallyport.reason"] === "terminate",
      "the session's span",
    );
    const commands = receiver.spans.filter(
      ({ name, attributes }) =>
        name === "command" &&
        attributes["sallyport.session.id"] === session.attributes["sallyport.session.id"],
    );
    const [connect, ...others] = commands;
    expect(connect).toMatchObject({
      trace: session.trace,
      parent: session.span,
      attributes: { "sallyport.command.kind": "connect" },
    });
    expect(others).toHaveLength(2);
    expect(new Set(others.map(({ trace }) => trace)).size).toBe(2);
    for (const command of others)
      expect(command).toMatchObject({ parent: "", links: [session.trace] });
  });

  test("each event of the evidence carries its trace", async () => {
    const spans = receiver.spans.filter(({ name }) => name === "archive");
    const id = spans[0]?.attributes["sallyport.command.id"];
    const command = receiver.spans.find(
      ({ name, attributes }) => name === "command" && attributes["sallyport.command.id"] === id,
    );
    const session = String(command?.attributes["sallyport.session.id"]);
    await cluster.archived((one) => one["session"] === session);
    const events = await cluster.sallyJson(["replay", session]);
    const traces = (type: string): unknown[] =>
      events.filter((event) => event["type"] === type).map(({ trace }) => trace);
    for (const type of ["open", "command", "verdict", "result", "close"])
      expect(traces(type), type).not.toContain(undefined);
    const expected = `00-${command?.trace}-${command?.span}-01`;
    expect(traces("command")).toContain(expected);
    expect(traces("result")).toContain(expected);
  });

  test("a hold's wait is in the trace, and its answer, too", async () => {
    const parent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
    const waiting = await cluster.startPsql("ci-runner", [
      "-c",
      `DELETE FROM orders WHERE status = 'cancelled' /*traceparent='${parent}'*/`,
    ]);
    const hold = await waitFor(() => /hold ([a-z2-7]{26})/.exec(waiting.stderr)?.[1], {
      what: "the notice of the hold",
    });
    const page = await scrapeUntil(
      "approval",
      ({ samples }) =>
        samples.find(
          ({ name, labels }) =>
            name === "sallyport_holds" && labels["sallyport_hold_state"] === "open",
        )?.value === 1,
    );
    expect(
      page.samples.find(({ name }) => name === "sallyport_holds_oldest_seconds")?.value,
    ).toBeGreaterThan(0);
    expect(await cluster.approve(hold, "alice")).toMatchObject({ code: 0 });
    expect(await waiting.done).toMatchObject({ code: 0 });
    const spans = await wholeTrace(parent);
    const command = spans.find(({ name }) => name === "command");
    expect(
      await receiver.span(({ name }) => name === "approval", "the wait for people"),
    ).toMatchObject({
      service: "sallyport-approval",
      trace: command?.trace,
      parent: command?.span,
      attributes: { "sallyport.hold.id": hold, "sallyport.hold.state": "used" },
    });
    const gate = spans.find(({ name }) => name === "gate.policy");
    expect(gate?.attributes).toMatchObject({
      "sallyport.hold.id": hold,
      "sallyport.hold.state": "taken",
    });
  });

  test("a refusal is a failed span that says which gate", async () => {
    const parent = "00-1af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
    const drop = `DROP TABLE customers /*traceparent='${parent}'*/`;
    expect(await cluster.psql("ci-runner", drop)).toMatchObject({ code: 1 });
    const spans = await wholeTrace(parent);
    const failed = spans.filter((span) => span.failed);
    expect(failed.map(({ name }) => name).toSorted()).toEqual(["command"]);
    expect(failed[0]?.attributes).toMatchObject({
      "sallyport.verdict": "deny",
      "sallyport.outcome": "refused-policy",
      "error.type": "policy-denied",
    });
    expect(spans.map(({ name }) => name)).not.toContain("target");
  });

  test("spans and metrics hold no statement, no parameter, no token, nobody's name", async () => {
    const token = await cluster.token("ci-runner");
    const parents = ["3", "4"].map(
      (n) => `00-${n}af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01`,
    );
    const [one, other] = parents.map((parent) => `/*traceparent='${parent}'*/`);
    const select = "SELECT id FROM customers WHERE name =";
    await cluster.psql("ci-runner", `${select} 'needle-4711' ${one}`, { token });
    const client = await cluster.connect("ci-runner");
    await client.query(`${select} $1 ${other}`, ["needle-4712"]);
    await client.end();
    for (const parent of parents) await wholeTrace(parent);
    const all = receiver.bodies.join("\n");
    for (const secret of [
      "needle-47",
      "FROM customers",
      token,
      cluster.targetPassword,
      "ci-runner",
      "for-the-collector",
    ])
      expect(all.includes(secret), secret.slice(0, 12)).toBe(false);
    expect([...receiver.authorizations]).toEqual(["Bearer for-the-collector"]);
  });

  const pageOf = (service: (typeof services)[number]): string => {
    const found = readCluster(cluster.data);
    const url = service === "proxy" ? found?.workers["w1"] : found?.http[service];
    return `${url}/metrics`;
  };
  const scrape = async (service: (typeof services)[number]): Promise<Scrape> => {
    const response = await fetch(pageOf(service));
    expect(response.status).toBe(200);
    expect(response.headers.get("content-type")).toContain("text/plain; version=0.0.4");
    return readPrometheusText(await response.text());
  };
  const scrapeUntil = (
    service: (typeof services)[number],
    fits: (scrape: Scrape) => boolean,
  ): Promise<Scrape> =>
    waitFor(
      async () => {
        const page = await scrape(service);
        return fits(page) ? page : undefined;
      },
      { what: `a scrape of ${service}`, every: 200 },
    );

  test("each service is scraped under load, and shows what the catalogue says, no more and no less", async () => {
    const load = Array.from({ length: 4 }, async () => {
      const client = await cluster.connect("ci-runner");
      for (let i = 0; i < 50; i++) await client.query("SELECT count(*) FROM orders");
      await client.end();
    });
    const scrapes = await Promise.all(services.map((service) => scrape(service)));
    await Promise.all(load);
    expect(scrapes).toHaveLength(5);
    for (const service of services) {
      const known = (Object.keys(metrics) as MetricName[]).filter((name) =>
        (metrics[name].by as readonly string[]).includes(service),
      );
      // Alarms and refusals are there from the first one on, those of webhooks where there are webhooks.
      const rare = /^sallyport\.(alarms|refusals|webhooks\.\w+)$/;
      const expected = known.filter((name) => !rare.test(name)).map(prometheusName);
      const page = await scrapeUntil(service, ({ types }) =>
        expected.every((name) => types.has(name)),
      ).catch(async (cause: unknown) => {
        const { types } = await scrape(service);
        throw new Error(`lacks ${expected.filter((name) => !types.has(name)).join(", ")}`, {
          cause,
        });
      });
      for (const name of page.types.keys())
        expect([...known.map(prometheusName), "target_info"], service).toContain(name);
      expectHistograms(page);
    }
    const { samples } = await scrape("proxy");
    const executed = samples
      .filter(
        ({ name, labels }) =>
          name === "sallyport_commands_total" &&
          labels["sallyport_outcome"] === "executed" &&
          labels["sallyport_command_kind"] === "simple",
      )
      .reduce((sum, { value }) => sum + value, 0);
    expect(executed).toBeGreaterThanOrEqual(200);
  });

  test("the same metrics go out by OTLP", async () => {
    for (const service of services) {
      const { types } = await scrape(service);
      const here = (Object.keys(metrics) as MetricName[]).filter((name) =>
        types.has(prometheusName(name)),
      );
      expect(here.length).toBeGreaterThan(2);
      await waitFor(
        () => here.every((name) => receiver.metrics.get(`sallyport-${service}`)?.has(name)),
        { what: `the metrics of ${service}` },
      );
    }
  });

  test("the watching of modules sees OpenTelemetry in each service", () => {
    const all = loadedBy(loaded);
    for (const service of services)
      expect(
        all.get(service)?.some((url) => url.includes("/@opentelemetry/")),
        service,
      ).toBe(true);
  });
});

/** Buckets grow, and the last is the count. */
function expectHistograms({ samples, types }: Scrape): void {
  const histograms = [...types].filter(([, type]) => type === "histogram").map(([name]) => name);
  for (const name of histograms) {
    const key = (labels: Readonly<Record<string, string>>): string =>
      JSON.stringify(Object.entries(labels).filter(([label]) => label !== "le"));
    const counts = samples.filter((sample) => sample.name === `${name}_count`);
    expect(counts.length).toBeGreaterThan(0);
    for (const count of counts) {
      const buckets = samples.filter(
        (sample) => sample.name === `${name}_bucket` && key(sample.labels) === key(count.labels),
      );
      const values = buckets.map(({ value }) => value);
      expect(values).toEqual(values.toSorted((a, b) => a - b));
      expect(buckets.at(-1)?.labels["le"]).toBe("+Inf");
      expect(values.at(-1)).toBe(count.value);
    }
  }
}

describe.skipIf(!hasPsql())("telemetry that is off", () => {
  test("no service loads anything of it, no event has a trace, and there is no page", async () => {
    const { env, loaded } = watchedEnv();
    await using cluster = await startCluster({ env });
    expect(
      await cluster.psql("ci-runner", "SELECT count(*) FROM orders /*traceparent='00-x'*/"),
    ).toMatchObject({ code: 0 });
    const found = readCluster(cluster.data);
    for (const url of [...Object.values(found?.http ?? {}), found?.workers["w1"]])
      expect((await fetch(`${url}/metrics`)).status).toBe(404);
    const { session } = await cluster.archived(({ principal }) => principal === "corp#ci-runner");
    const events = await cluster.sallyJson(["replay", String(session)]);
    expect(events.filter((event) => "trace" in event)).toEqual([]);
    const all = loadedBy(loaded);
    for (const service of services) {
      const urls = all.get(service) ?? [];
      expect(urls.length, service).toBeGreaterThan(100);
      expect(
        urls.filter((url) => url.includes("opentelemetry")),
        service,
      ).toEqual([]);
      // Of our own, only what decides that it is off: nothing that a command could pass through.
      expect(
        urls
          .filter((url) => url.includes("/telemetry"))
          .map((url) => url.replace(/^.*\/(services|libs)\//, "$1/"))
          .filter((url) => !url.startsWith("libs/runtime/src/telemetry/"))
          .filter((url) => url !== "libs/contracts/src/config/telemetry.ts"),
        service,
      ).toEqual(service === "proxy" ? ["services/proxy/src/telemetry/open-telemetry.ts"] : []);
    }
  });
});
