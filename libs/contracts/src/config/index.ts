export { Approvals, Webhook } from "./approvals.ts";
export { S3Archive } from "./archive.ts";
export { Config, type ConfigText } from "./config.ts";
export { Connection } from "./connection.ts";
export { asymmetricAlgorithms, Issuer } from "./identity.ts";
export { TelemetryConfig } from "./telemetry.ts";
export { Duration, SecretRef, Size, type Address } from "./values.ts";
