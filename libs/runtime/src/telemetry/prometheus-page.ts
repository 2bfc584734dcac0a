import { PrometheusSerializer } from "@opentelemetry/exporter-prometheus";
import { MetricReader, type ResourceMetrics } from "@opentelemetry/sdk-metrics";
import { metrics, prometheusName, type MetricName } from "./metrics.ts";

class OnDemand extends MetricReader {
  protected override async onForceFlush(): Promise<void> {}
  protected override async onShutdown(): Promise<void> {}
}

/** What `/metrics` answers: Prometheus text, under the names that Prometheus itself gives to what OTLP brings it. */
export class PrometheusPage {
  readonly reader = new OnDemand();
  readonly #serializer = new PrometheusSerializer(undefined, false, undefined, false, true);

  async text(): Promise<string> {
    const { resourceMetrics } = await this.reader.collect();
    return this.#serializer.serialize(renamed(resourceMetrics));
  }
}

const isOurs = (name: string): name is MetricName => Object.hasOwn(metrics, name);

const renamed = (all: ResourceMetrics): ResourceMetrics => ({
  ...all,
  scopeMetrics: all.scopeMetrics.map((scope) => ({
    ...scope,
    metrics: scope.metrics.map((metric) => {
      const { name } = metric.descriptor;
      return isOurs(name)
        ? { ...metric, descriptor: { ...metric.descriptor, name: prometheusName(name) } }
        : metric;
    }),
  })),
});
