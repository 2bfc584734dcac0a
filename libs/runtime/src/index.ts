export { Alarms } from "./alarms.ts";
export { serviceArguments, type ServiceArguments } from "./arguments.ts";
export { catalogue } from "./catalogue.ts";
export { ClusterFile, clusterOf, readCluster, writeCluster, type Cluster } from "./cluster.ts";
export { ConfigErrors, mistakeText, type ConfigMistake } from "./config-errors.ts";
export { loadConfig, parseConfig, type LoadedConfig } from "./config.ts";
export { configJsonSchema } from "./config-schema.ts";
export {
  BusCredentials,
  BusRole,
  hasCredentials,
  readCredentials,
  writeCredentials,
} from "./credentials.ts";
export {
  dataDirectory,
  makeDataDirectory,
  makePrivateDirectory,
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
export { isLoopback, openHttp, type HttpOptions, type HttpServer, type Readiness } from "./http.ts";
export {
  makeKeys,
  readMaskingKey,
  readSealingKey,
  readSealingPublicKey,
  readSigningKey,
  readSigningPublicKey,
} from "./keys.ts";
export { openLog, type Log, type LogLevel } from "./log.ts";
export { addressText, Ready, sayReady } from "./ready.ts";
export { readSecret } from "./secrets.ts";
export { onShutdown, type ShutdownOptions } from "./shutdown.ts";
