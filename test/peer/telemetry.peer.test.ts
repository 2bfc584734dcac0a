import { createServer, type Server } from "node:http";
import { afterEach, expect, test } from "vitest";
import { TelemetryConfig } from "@sallyport/contracts";
import { openLog, openTelemetry, type Telemetry } from "@sallyport/runtime";
import { waitFor } from "@sallyport/testkit";

interface Posted {
  readonly url: string | undefined;
  readonly type: string | undefined;
  readonly body: Buffer;
}

const ends: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const end of ends.splice(0)) await end();
});

async function startReceiver(status = 200): Promise<{ posts: Posted[]; endpoint: string }> {
  const posts: Posted[] = [];
  const server: Server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", () => {
      const { url, headers } = request;
      posts.push({ url, type: headers["content-type"], body: Buffer.concat(chunks) });
      response.statusCode = status;
      response.end();
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  ends.push(() => {
    server.closeAllConnections();
    return new Promise((resolve) => server.close(resolve));
  });
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("no address");
  return { posts, endpoint: `http://127.0.0.1:${address.port}` };
}

async function open(config: unknown): Promise<Telemetry> {
  const telemetry = await openTelemetry({
    config: TelemetryConfig.parse(config),
    directory: "/",
    service: "proxy",
    instance: "w1",
    log: openLog("proxy", "error"),
  });
  if (!telemetry) throw new Error("off");
  return telemetry;
}

/** The length-delimited fields of a protobuf message, by number (protobuf encoding, wire types 0, 1, 2, 5). */
function fieldsOf(message: Buffer): { field: number; bytes: Buffer }[] {
  const fields: { field: number; bytes: Buffer }[] = [];
  let at = 0;
  const varint = (): number => {
    let value = 0;
    for (let shift = 0; ; shift += 7) {
      const byte = message[at++];
      if (byte === undefined) throw new Error("cut off");
      value += (byte & 0x7f) * 2 ** shift;
      if (byte < 0x80) return value;
    }
  };
  while (at < message.length) {
    const tag = varint();
    const wire = tag & 7;
    if (wire === 0) varint();
    else if (wire === 1) at += 8;
    else if (wire === 5) at += 4;
    else if (wire === 2) {
      const length = varint();
      fields.push({ field: tag >>> 3, bytes: message.subarray(at, (at += length)) });
    } else throw new Error(`wire type ${wire}`);
  }
  return fields;
}

const inside = (messages: readonly Buffer[], field: number): Buffer[] =>
  messages.flatMap((message) =>
    fieldsOf(message)
      .filter((one) => one.field === field)
      .map(({ bytes }) => bytes),
  );

test("protobuf: spans are those of trace.proto, under their parents", async () => {
  const { posts, endpoint } = await startReceiver();
  const telemetry = await open({ otlp: { endpoint: `${endpoint}/`, every: "1s" } });
  const command = telemetry.span("command", {
    parent: "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
  });
  telemetry.span("target", { parent: command.traceparent }).end();
  command.end();
  telemetry.count("sallyport.logins", 1, { "sallyport.outcome": "ok" });
  await telemetry.stop();
  const traces = posts.filter(({ url }) => url === "/v1/traces");
  expect(traces.map(({ type }) => type)).toEqual(["application/x-protobuf"]);
  // ExportTraceServiceRequest.resource_spans, ResourceSpans.scope_spans, ScopeSpans.spans
  const spans = inside(
    inside(
      inside(
        traces.map(({ body }) => body),
        1,
      ),
      2,
    ),
    2,
  ).map((span) => {
    const [trace, id, parent, name] = [1, 2, 4, 5].map((field) => inside([span], field)[0]);
    return {
      trace: trace?.toString("hex"),
      id: id?.toString("hex"),
      parent: parent?.toString("hex"),
      name: name?.toString(),
    };
  });
  const trace = "4bf92f3577b34da6a3ce929d0e0e4736";
  const id = command.traceparent?.slice(36, 52);
  expect(spans.toSorted((a, b) => String(a.name).localeCompare(String(b.name)))).toEqual([
    { trace, id, parent: "00f067aa0ba902b7", name: "command" },
    { trace, id: expect.stringMatching(/^[0-9a-f]{16}$/), parent: id, name: "target" },
  ]);
  const metrics = posts.find(({ url }) => url === "/v1/metrics");
  expect(metrics?.body.includes("sallyport.logins")).toBe(true);
});

test("a ratio of 0 sends no span, and its events say that they are not sampled", async () => {
  const { posts, endpoint } = await startReceiver();
  const telemetry = await open({ otlp: { endpoint, every: "1s" }, traces: { ratio: 0 } });
  const command = telemetry.span("command");
  const target = telemetry.span("target", { parent: command.traceparent });
  expect(command.traceparent).toMatch(/-00$/);
  expect(target.traceparent?.slice(0, 35)).toBe(command.traceparent?.slice(0, 35));
  target.end();
  command.end();
  telemetry.count("sallyport.logins", 1, { "sallyport.outcome": "ok" });
  await telemetry.stop();
  expect(posts.map(({ url }) => url)).toContain("/v1/metrics");
  expect(posts.map(({ url }) => url)).not.toContain("/v1/traces");
});

test("with Prometheus alone there are no traces, and the page counts", async () => {
  const telemetry = await open({ prometheus: "on" });
  expect(telemetry.span("command").traceparent).toBeUndefined();
  telemetry.count("sallyport.logins", 2, { "sallyport.outcome": "ok" });
  expect(await telemetry.page?.()).toContain('sallyport_logins_total{sallyport_outcome="ok"} 2\n');
  await telemetry.stop();
});

test("an endpoint that refuses, or is away, stops nobody and is forgotten at the end", async () => {
  const { posts, endpoint } = await startReceiver(503);
  for (const where of [endpoint, "http://127.0.0.1:1"]) {
    const telemetry = await open({ otlp: { endpoint: where, every: "1s" } });
    for (let i = 0; i < 20_000; i++) telemetry.span("command").end();
    telemetry.count("sallyport.logins", 1);
    const began = performance.now();
    await telemetry.stop();
    expect(performance.now() - began).toBeLessThan(6000);
  }
  await waitFor(() => posts.length > 0, { what: "an attempt" });
});
