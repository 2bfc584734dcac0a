import type { TelemetryConfig } from "@sallyport/contracts";
import type { Alarms } from "../alarms.ts";
import type { Log } from "../log.ts";
import type { CounterName, HistogramName, ObservedName, Origin } from "./metrics.ts";

export type Attributes = Readonly<Record<string, string | number | boolean | undefined>>;

/** Several values of one metric, each with its attributes. */
export type Observation = readonly [value: number, attributes?: Attributes];

export interface SpanOptions {
  readonly kind?: "server" | "client" | "internal" | "consumer";
  /** `traceparent` of the span above; a new trace when it is left out or none. */
  readonly parent?: string | undefined;
  /** `traceparent`s of spans that this one has to do with. */
  readonly links?: readonly (string | undefined)[];
  /** By `now()`; this moment when left out. */
  readonly start?: number;
  readonly attributes?: Attributes;
}

export interface Span {
  /** What goes with a message, so that what comes of it joins; undefined when no traces are kept at all. */
  readonly traceparent: string | undefined;
  set(attributes: Attributes): void;
  /** Marks it as failed; `type` is of few values: an error code, a SQLSTATE. */
  fail(type: string): void;
  /** Once; by `now()`, this moment when left out. */
  end(at?: number): void;
}

/** What a service tells of itself to an operator's tools. None of its methods throws, and none waits. */
export interface Telemetry {
  /** Whether spans may hold the text of statements. */
  readonly statements: boolean;
  count(name: CounterName, by: number, attributes?: Attributes): void;
  /** In the metric's unit: seconds. */
  measure(name: HistogramName, value: number, attributes?: Attributes): void;
  /** Registers what is read whenever metrics are sent or scraped. */
  observe(name: ObservedName, read: () => number | readonly Observation[]): void;
  span(name: string, options?: SpanOptions): Span;
  /** The page at `/metrics`; null when config does not want it. */
  readonly page: (() => Promise<string>) | null;
  /** Sends what is left, within 5 s. */
  stop(): Promise<void>;
}

export interface TelemetryOptions {
  /** Null or undefined: off. */
  readonly config: TelemetryConfig | undefined;
  /** What relative paths of config are relative to. */
  readonly directory: string;
  readonly service: Origin;
  /** Which one of several; the worker's name. The process id when left out. */
  readonly instance?: string;
  readonly log: Log;
}

/** Null when config has no `telemetry`: then OpenTelemetry is not even loaded. */
export async function openTelemetry(options: TelemetryOptions): Promise<Telemetry | null> {
  const { config } = options;
  if (!config || (!config.otlp && !config.prometheus)) return null;
  const { startOpenTelemetry } = await import("./opentelemetry.ts");
  return startOpenTelemetry(options, config);
}

/** What every service tells. */
export function observeService(
  telemetry: Telemetry,
  parts: { readonly alarms: Alarms; readonly bus: { readonly connected: boolean } },
): void {
  telemetry.observe("sallyport.bus.connected", () => Number(parts.bus.connected));
  telemetry.observe("sallyport.alarms", () =>
    Object.entries(parts.alarms.counts).map(([alarm, count]) => [
      count,
      { "sallyport.alarm": alarm },
    ]),
  );
}

let origin = performance.timeOrigin;
/** How far the monotonic clock may have drifted from the wall's before it is set again, in milliseconds. */
const drift = 50;

/** Milliseconds since 1970 with fractions, for spans: monotonic, and true within 50 ms. */
export function now(): number {
  const wall = Date.now();
  const at = origin + performance.now();
  if (Math.abs(wall - at) <= drift) return at;
  origin += wall - at;
  return wall;
}
