export { makeCertificate, type Certificate } from "./certificate.ts";
export { FaultyS3, type S3Fault, type S3Request } from "./faulty-s3.ts";
export { freePort } from "./free-port.ts";
export { freezeProcess } from "./freeze.ts";
export { startIssuer, TestIssuer, type Forgery } from "./issuer.ts";
export { LeashedProcess, type LeashOptions } from "./leash.ts";
export { LeashedServer } from "./leashed-server.ts";
export { NatsServer, startNats, type NatsOptions } from "./nats.ts";
export { NatsCluster, type ClusterPlace } from "./nats-cluster.ts";
export {
  OidcProvider,
  startOidcProvider,
  type OidcClient,
  type OidcPerson,
  type OidcProviderOptions,
} from "./oidc-provider.ts";
export { jobToken, personToken } from "./oidc-tokens.ts";
export { passingVerdict } from "./passing-verdict.ts";
export {
  defaultPostgres,
  PostgresServer,
  startPostgres,
  type PostgresMajor,
  type PostgresOptions,
} from "./postgres.ts";
export { Relay } from "./relay.ts";
export { hasPsql, psql, startPsql, type PsqlResult, type RunningPsql } from "./psql.ts";
export { runSally, sallyMain, type SallyResult } from "./run-sally.ts";
export { SallyUp, type SallyUpOptions } from "./sally-up.ts";
export { hasS3, S3Server, startS3, type S3Key } from "./s3.ts";
export { serviceProcesses, type ServiceProcess } from "./service-processes.ts";
export { parseStatementLog, type LoggedStatement } from "./statement-log.ts";
export { natsServerBinary, providedPostgres, toolsDirectory } from "./tools.ts";
export { waitFor } from "./wait-for.ts";
