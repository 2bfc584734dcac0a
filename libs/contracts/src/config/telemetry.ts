import { z } from "zod";
import { Duration, onOff, SecretRef } from "./values.ts";

/** Traces and metrics for an operator's own tools; left out, nothing of it is even loaded. */
export const TelemetryConfig = z.strictObject({
  otlp: z
    .strictObject({
      endpoint: z
        .url({ protocol: /^https?$/ })
        .describe("`/v1/traces` and `/v1/metrics` are put behind it"),
      headers: z
        .record(z.string().regex(/^[A-Za-z0-9-]{1,64}$/, "a header's name"), SecretRef)
        .default({})
        .describe("each value named, never written; sent over https or to loopback only"),
      encoding: z.enum(["protobuf", "json"]).default("protobuf").describe("of what is sent"),
      ca: z
        .string()
        .min(1)
        .optional()
        .describe("PEM file of the endpoint's authority; the system's when left out"),
      every: Duration.prefault("10s").describe("how often metrics are sent; spans go each second"),
    })
    .optional()
    .describe("traces and metrics by OTLP over HTTP"),
  prometheus: onOff.prefault("off").describe("`/metrics` on the HTTP listener of each service"),
  traces: z
    .strictObject({
      ratio: z
        .number()
        .min(0)
        .max(1)
        .default(1)
        .describe("the part of the commands whose trace is kept"),
      statements: onOff
        .prefault("off")
        .describe("whether spans hold the text of statements; never parameters"),
    })
    .prefault({})
    .describe("what traces hold"),
});
export type TelemetryConfig = z.infer<typeof TelemetryConfig>;
