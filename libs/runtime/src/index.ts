export { Alarms } from "./alarms.ts";
export { serviceArguments, type ServiceArguments } from "./arguments.ts";
export { catalogue } from "./catalogue.ts";
export {
  CertificateWatch,
  readCertificate,
  type Certificate,
  type CertificateFiles,
} from "./certificate-watch.ts";
export { ClusterFile, clusterOf, readCluster, writeCluster, type Cluster } from "./cluster.ts";
export { ConfigErrors, type ConfigMistake } from "./config-errors.ts";
export { loadConfig, parseConfig, type LoadedConfig } from "./config.ts";
export { webhookName } from "./config-webhooks.ts";
export { configJsonSchema } from "./config-json-schema.ts";
export { didYouMean } from "./did-you-mean.ts";
export { errorsDocument } from "./errors-document.ts";
export {
  dataDirectory,
  makeDataDirectory,
  readPrivateFile,
  writePrivateFile,
  type DataDirectory,
} from "./data-directory.ts";
export {
  asSallyError,
  isErrorCode,
  SallyError,
  type CatalogueEntry,
  type ErrorCode,
  type SallyErrorOptions,
} from "./errors.ts";
export { openHttp, type HttpOptions, type HttpServer, type Readiness } from "./http.ts";
export {
  createSealingKey,
  makeKeys,
  readMaskingKey,
  readSealingKey,
  readSealingPublicKey,
  readSigningKey,
  readSigningPublicKey,
} from "./keys.ts";
export { openLog, type Log, type LogLevel } from "./log.ts";
export { listenerOf, tlsFilesOf, type Listener, type ListenerName } from "./listeners.ts";
export { isLoopback } from "./loopback.ts";
export { addressText, Ready, sayReady } from "./ready.ts";
export {
  missingSecrets,
  missingWebhookSecrets,
  readSecret,
  secretVariables,
  webhookSecrets,
  webhookSecretVariables,
} from "./secrets.ts";
export { makeSelfSigned, selfSignedFiles, type SelfSigned } from "./self-signed.ts";
export { onShutdown, type ShutdownOptions } from "./shutdown.ts";
export {
  boundsOf,
  metrics,
  prometheusName,
  type Metric,
  type MetricName,
  type Origin,
} from "./telemetry/metrics.ts";
export {
  now,
  observeService,
  openTelemetry,
  type Attributes,
  type Observation,
  type Span,
  type SpanOptions,
  type Telemetry,
  type TelemetryOptions,
} from "./telemetry/telemetry.ts";
