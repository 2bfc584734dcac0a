import type { Counter, Histogram, Meter } from "@opentelemetry/api";
import {
  boundsOf,
  metrics,
  type CounterName,
  type HistogramName,
  type MetricName,
  type ObservedName,
  type Origin,
} from "./metrics.ts";
import type { Attributes, Observation } from "./telemetry.ts";

/** The instruments of one service, made of the catalogue of metrics. */
export class Instruments {
  readonly #meter: Meter;
  readonly #counters = new Map<string, Counter>();
  readonly #histograms = new Map<string, Histogram>();

  constructor(meter: Meter, service: Origin) {
    this.#meter = meter;
    for (const [key, metric] of Object.entries(metrics)) {
      if (!(metric.by as readonly Origin[]).includes(service)) continue;
      const name = key as MetricName;
      const { unit, description } = metric;
      if (metric.kind === "counter")
        this.#counters.set(name, meter.createCounter(name, { unit, description }));
      else if (metric.kind === "histogram")
        this.#histograms.set(
          name,
          meter.createHistogram(name, {
            unit,
            description,
            advice: { explicitBucketBoundaries: boundsOf(name as HistogramName) },
          }),
        );
    }
  }

  count(name: CounterName, by: number, attributes?: Attributes): void {
    this.#counters.get(name)?.add(by, attributes);
  }

  measure(name: HistogramName, value: number, attributes?: Attributes): void {
    this.#histograms.get(name)?.record(value, attributes);
  }

  observe(name: ObservedName, read: () => number | readonly Observation[]): void {
    const { kind, unit, description } = metrics[name];
    const instrument =
      kind === "total"
        ? this.#meter.createObservableCounter(name, { unit, description })
        : this.#meter.createObservableGauge(name, { unit, description });
    instrument.addCallback((result) => {
      const values = read();
      if (typeof values === "number") result.observe(values);
      else for (const [value, attributes] of values) result.observe(value, attributes);
    });
  }
}
