import { expect, test } from "vitest";
import { boundsOf, metrics, prometheusName, type Metric, type MetricName } from "./metrics.ts";

const names = Object.keys(metrics) as MetricName[];

test.each([
  ["sallyport.commands", "sallyport_commands_total"],
  ["sallyport.output", "sallyport_output_bytes_total"],
  ["sallyport.gate.duration", "sallyport_gate_duration_seconds"],
  ["sallyport.stream.fill", "sallyport_stream_fill_ratio"],
  ["sallyport.holds", "sallyport_holds"],
] as const)("%s is %s to Prometheus", (name, expected) => {
  expect(prometheusName(name)).toBe(expected);
});

test("names are OpenTelemetry's form, differ in Prometheus', and never end in what Prometheus adds", () => {
  expect(new Set(names.map(prometheusName)).size).toBe(names.length);
  for (const name of names) {
    const { attributes, description }: Metric = metrics[name];
    expect(name).toMatch(/^(sallyport|db)(\.[a-z_]+)+$/);
    expect(name).not.toMatch(/(seconds|bytes|total|ratio|count|sum|bucket)$/);
    expect(description, name).not.toMatch(/^$|\.$/);
    for (const attribute of attributes)
      expect(attribute).toMatch(/^(sallyport\.[a-z.]+|db\.system\.name|error\.type)$/);
  }
});

test("bounds of histograms ascend", () => {
  for (const name of ["sallyport.gate.duration", "sallyport.holds.duration"] as const) {
    const bounds = boundsOf(name);
    expect(bounds).toEqual(bounds.toSorted((a, b) => a - b));
  }
});
