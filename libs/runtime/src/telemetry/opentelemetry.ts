import { hostname } from "node:os";
import { diag, DiagLogLevel } from "@opentelemetry/api";
import { setGlobalErrorHandler } from "@opentelemetry/core";
import { resourceFromAttributes } from "@opentelemetry/resources";
import { MeterProvider } from "@opentelemetry/sdk-metrics";
import {
  BatchSpanProcessor,
  ParentBasedSampler,
  TraceIdRatioBasedSampler,
  TracerProvider,
} from "@opentelemetry/sdk-trace";
import type { TelemetryConfig } from "@sallyport/contracts";
import { Instruments } from "./instruments.ts";
import { otlpMetrics, otlpTraces } from "./otlp.ts";
import { PrometheusPage } from "./prometheus-page.ts";
import { quietly } from "./quiet-log.ts";
import { noSpan, startSpan } from "./spans.ts";
import type { Telemetry, TelemetryOptions } from "./telemetry.ts";

const scope = "sallyport";
/** Spans beyond that are dropped: telemetry never grows, and never slows a command. */
const queue = { maxQueueSize: 8192, maxExportBatchSize: 1024, scheduledDelayMillis: 1000 };
const farewell = 5000;

/** @throws when a secret or a certificate that config names cannot be read */
export async function startOpenTelemetry(
  options: TelemetryOptions,
  config: TelemetryConfig,
): Promise<Telemetry> {
  const { directory, service, instance, log } = options;
  const say = quietly(log);
  setGlobalErrorHandler((problem) => say.warn("it cannot be sent", problem));
  diag.setLogger(say, { logLevel: DiagLogLevel.WARN, suppressOverrideMessage: true });
  const resource = resourceFromAttributes({
    "service.namespace": "sallyport",
    "service.name": `sallyport-${service}`,
    "service.instance.id": `${hostname()}/${instance ?? process.pid}`,
  });
  const page = config.prometheus ? new PrometheusPage() : null;
  const meters = new MeterProvider({
    resource,
    readers: [
      ...(page ? [page.reader] : []),
      ...(config.otlp ? [await otlpMetrics(config.otlp, directory)] : []),
    ],
  });
  const tracers = config.otlp
    ? new TracerProvider({
        resource,
        sampler: new ParentBasedSampler({
          root: new TraceIdRatioBasedSampler(config.traces.ratio),
        }),
        spanLimits: { attributeValueLengthLimit: 4096 },
        spanProcessors: [
          new BatchSpanProcessor({ ...queue, exporter: await otlpTraces(config.otlp, directory) }),
        ],
      })
    : null;
  const tracer = tracers?.getTracer(scope);
  const instruments = new Instruments(meters.getMeter(scope), service);
  return {
    statements: config.traces.statements,
    count: (name, by, attributes) => instruments.count(name, by, attributes),
    measure: (name, value, attributes) => instruments.measure(name, value, attributes),
    observe: (name, read) => instruments.observe(name, read),
    span: (name, about = {}) => (tracer ? startSpan(tracer, name, about) : noSpan),
    page: page && (() => page.text()),
    stop: async () => {
      const late = new Promise((resolve) => setTimeout(resolve, farewell).unref());
      const all = Promise.allSettled([tracers?.shutdown(), meters.shutdown()]);
      await Promise.race([all, late]);
    },
  };
}
