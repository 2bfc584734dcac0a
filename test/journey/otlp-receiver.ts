import { createServer, type Server } from "node:http";
import { waitFor } from "@sallyport/testkit";

/** A span as OTLP/JSON has it (opentelemetry-proto, trace.proto), with its attributes as an object. */
export interface ReceivedSpan {
  readonly service: string;
  readonly trace: string;
  readonly span: string;
  readonly parent: string;
  readonly name: string;
  /** Nanoseconds since 1970. */
  readonly start: bigint;
  readonly end: bigint;
  readonly failed: boolean;
  readonly attributes: Readonly<Record<string, unknown>>;
  readonly links: readonly string[];
}

interface KeyValue {
  key: string;
  value: {
    stringValue?: string;
    intValue?: string | number;
    doubleValue?: number;
    boolValue?: boolean;
  };
}
interface Resource {
  attributes: KeyValue[];
}
interface Body {
  resourceSpans?: {
    resource: Resource;
    scopeSpans: {
      spans: {
        traceId: string;
        spanId: string;
        parentSpanId?: string;
        name: string;
        startTimeUnixNano: string;
        endTimeUnixNano: string;
        attributes: KeyValue[];
        status: { code?: number };
        links?: { traceId: string }[];
      }[];
    }[];
  }[];
  resourceMetrics?: { resource: Resource; scopeMetrics: { metrics: { name: string }[] }[] }[];
}

/** Takes OTLP over HTTP, as JSON, on loopback. */
export class OtlpReceiver implements AsyncDisposable {
  readonly spans: ReceivedSpan[] = [];
  /** Metric names by service. */
  readonly metrics = new Map<string, Set<string>>();
  /** Everything that came, as text. */
  readonly bodies: string[] = [];
  readonly authorizations = new Set<string | undefined>();
  readonly #server: Server;

  private constructor() {
    this.#server = createServer((request, response) => {
      const chunks: Buffer[] = [];
      request.on("data", (chunk: Buffer) => chunks.push(chunk));
      request.on("end", () => {
        this.authorizations.add(request.headers.authorization);
        this.#take(Buffer.concat(chunks).toString("utf8"));
        response.setHeader("content-type", "application/json").end("{}");
      });
    });
  }

  static async start(): Promise<OtlpReceiver> {
    const receiver = new OtlpReceiver();
    await new Promise<void>((resolve) => receiver.#server.listen(0, "127.0.0.1", resolve));
    return receiver;
  }

  get endpoint(): string {
    const address = this.#server.address();
    if (address === null || typeof address === "string") throw new Error("no address");
    return `http://127.0.0.1:${address.port}`;
  }

  /** Waits for a span; by default among all that ever came. */
  span(fits: (span: ReceivedSpan) => boolean, what: string): Promise<ReceivedSpan> {
    return waitFor(() => this.spans.find(fits), { what });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  #take(text: string): void {
    this.bodies.push(text);
    const body = JSON.parse(text) as Body;
    for (const { resource, scopeSpans } of body.resourceSpans ?? [])
      for (const { spans } of scopeSpans)
        for (const span of spans)
          this.spans.push({
            service: serviceOf(resource),
            trace: span.traceId,
            span: span.spanId,
            parent: span.parentSpanId ?? "",
            name: span.name,
            start: BigInt(span.startTimeUnixNano),
            end: BigInt(span.endTimeUnixNano),
            failed: span.status.code === 2,
            attributes: valuesOf(span.attributes),
            links: (span.links ?? []).map(({ traceId }) => traceId),
          });
    for (const { resource, scopeMetrics } of body.resourceMetrics ?? []) {
      const service = serviceOf(resource);
      const names = this.metrics.get(service) ?? new Set();
      this.metrics.set(service, names);
      for (const { metrics } of scopeMetrics) for (const { name } of metrics) names.add(name);
    }
  }
}

const valuesOf = (attributes: readonly KeyValue[]): Record<string, unknown> =>
  Object.fromEntries(
    attributes.map(({ key, value }) => [
      key,
      value.stringValue ?? value.boolValue ?? Number(value.intValue ?? value.doubleValue),
    ]),
  );

const serviceOf = ({ attributes }: Resource): string =>
  String(valuesOf(attributes)["service.name"]);
