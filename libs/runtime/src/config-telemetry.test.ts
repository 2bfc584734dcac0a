import { TelemetryConfig } from "@sallyport/contracts";
import { expect, test } from "vitest";
import { telemetryMistakes } from "./config-telemetry.ts";

const mistakes = (text: unknown): string[] =>
  telemetryMistakes(TelemetryConfig.parse(text), import.meta.dirname).map(
    ({ path, message }) => `${path.join(".")}: ${message}`,
  );

const headers = { authorization: { env: "COLLECTOR" } };

test.each([
  { prometheus: "on" },
  { prometheus: true, otlp: { endpoint: "https://collector.example.com/otlp", headers } },
  { otlp: { endpoint: "http://127.0.0.1:4318", headers } },
  { otlp: { endpoint: "http://collector:4318" } },
])("is fine: %j", (text) => {
  expect(mistakes(text)).toEqual([]);
});

test.each([
  [{}, "telemetry: `telemetry` names nobody to tell"],
  [{ prometheus: "off" }, "telemetry: `telemetry` names nobody to tell"],
  [
    { otlp: { endpoint: "http://collector:4318", headers } },
    "telemetry.otlp.endpoint: headers with secrets would go out in plain http",
  ],
  [
    { otlp: { endpoint: "https://me:secret@collector:4318" } },
    "telemetry.otlp.endpoint: the endpoint has a user, a query or a fragment",
  ],
  [
    { otlp: { endpoint: "https://collector:4318", ca: "nowhere.pem" } },
    "telemetry.otlp.ca: file `nowhere.pem` is not there",
  ],
])("is a mistake: %j", (text, mistake) => {
  expect(mistakes(text)).toEqual([mistake]);
});

test("what is left out is off, or careful", () => {
  const { otlp, prometheus, traces } = TelemetryConfig.parse({
    otlp: { endpoint: "http://127.0.0.1:4318" },
  });
  expect({ otlp, prometheus, traces }).toMatchObject({
    otlp: { encoding: "protobuf", every: 10_000, headers: {} },
    prometheus: false,
    traces: { ratio: 1, statements: false },
  });
});
