import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { PeriodicExportingMetricReader } from "@opentelemetry/sdk-metrics";
import type { SpanExporter } from "@opentelemetry/sdk-trace";
import type { TelemetryConfig } from "@sallyport/contracts";
import { readSecret } from "../secrets.ts";

type Otlp = NonNullable<TelemetryConfig["otlp"]>;

/** How long the endpoint may take for a batch, in milliseconds. */
const patience = 5000;

/** @throws when a header's secret or the certificate authority cannot be read */
export async function otlpTraces(otlp: Otlp, directory: string): Promise<SpanExporter> {
  const { OTLPTraceExporter } =
    otlp.encoding === "json"
      ? await import("@opentelemetry/exporter-trace-otlp-http")
      : await import("@opentelemetry/exporter-trace-otlp-proto");
  return new OTLPTraceExporter(exporterOptions(otlp, directory, "traces"));
}

/** @throws when a header's secret or the certificate authority cannot be read */
export async function otlpMetrics(
  otlp: Otlp,
  directory: string,
): Promise<PeriodicExportingMetricReader> {
  const { OTLPMetricExporter } =
    otlp.encoding === "json"
      ? await import("@opentelemetry/exporter-metrics-otlp-http")
      : await import("@opentelemetry/exporter-metrics-otlp-proto");
  return new PeriodicExportingMetricReader({
    exporter: new OTLPMetricExporter(exporterOptions(otlp, directory, "metrics")),
    exportIntervalMillis: otlp.every,
    exportTimeoutMillis: Math.min(otlp.every, patience),
  });
}

const exporterOptions = (otlp: Otlp, directory: string, signal: "traces" | "metrics") => ({
  url: `${otlp.endpoint.replace(/\/+$/, "")}/v1/${signal}`,
  timeoutMillis: patience,
  headers: Object.fromEntries(
    Object.entries(otlp.headers).map(([name, ref]) => [name, readSecret(ref, directory)]),
  ),
  ...(otlp.ca !== undefined && {
    httpAgentOptions: { keepAlive: true, ca: readFileSync(resolve(directory, otlp.ca)) },
  }),
});
