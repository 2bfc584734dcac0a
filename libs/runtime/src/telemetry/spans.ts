import {
  ROOT_CONTEXT,
  SpanKind,
  SpanStatusCode,
  trace,
  TraceFlags,
  type Context,
  type HrTime,
  type Span as OtelSpan,
  type SpanContext,
  type Tracer,
} from "@opentelemetry/api";
import { parseTrace } from "@sallyport/contracts";
import { now, type Attributes, type Span, type SpanOptions } from "./telemetry.ts";

const kinds = {
  server: SpanKind.SERVER,
  client: SpanKind.CLIENT,
  internal: SpanKind.INTERNAL,
  consumer: SpanKind.CONSUMER,
} as const;

/** Where no traces are kept. */
export const noSpan: Span = { traceparent: undefined, set() {}, fail() {}, end() {} };

export function startSpan(tracer: Tracer, name: string, options: SpanOptions): Span {
  const { kind = "internal", parent, links = [], start = now(), attributes = {} } = options;
  const span = tracer.startSpan(
    name,
    {
      kind: kinds[kind],
      links: links.flatMap((link) => {
        const context = contextOf(link);
        return context ? [{ context }] : [];
      }),
      startTime: highResolution(start),
      attributes,
    },
    under(parent),
  );
  return new RunningSpan(span);
}

class RunningSpan implements Span {
  readonly #span: OtelSpan;

  constructor(span: OtelSpan) {
    this.#span = span;
  }

  get traceparent(): string {
    const { traceId, spanId, traceFlags } = this.#span.spanContext();
    const sampled = (traceFlags & TraceFlags.SAMPLED) !== 0;
    return `00-${traceId}-${spanId}-${sampled ? "01" : "00"}`;
  }

  set(attributes: Attributes): void {
    this.#span.setAttributes(attributes);
  }

  fail(type: string): void {
    this.#span.setAttribute("error.type", type).setStatus({ code: SpanStatusCode.ERROR });
  }

  end(at = now()): void {
    this.#span.end(highResolution(at));
  }
}

const under = (traceparent: string | undefined): Context => {
  const context = contextOf(traceparent);
  return context ? trace.setSpanContext(ROOT_CONTEXT, context) : ROOT_CONTEXT;
};

const contextOf = (traceparent: string | undefined): SpanContext | undefined => {
  const parsed = traceparent === undefined ? null : parseTrace(traceparent);
  if (!parsed) return undefined;
  const { trace: traceId, span: spanId, flags: traceFlags } = parsed;
  return { traceId, spanId, traceFlags, isRemote: true };
};

/** A number alone could be taken for one of `performance.now()`. */
const highResolution = (at: number): HrTime => {
  const seconds = Math.floor(at / 1000);
  return [seconds, Math.round((at - seconds * 1000) * 1e6)];
};
