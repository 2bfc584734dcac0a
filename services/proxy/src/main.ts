import { readCredentials } from "@sallyport/bus";
import {
  addressText,
  clusterOf,
  listenerOf,
  loadConfig,
  onShutdown,
  openLog,
  openTelemetry,
  readMaskingKey,
  readSealingPublicKey,
  sayReady,
  serviceArguments,
  tlsFilesOf,
} from "@sallyport/runtime";
import { startProxy } from "./app.ts";
import { compileParserOnce } from "./parser-compilation.ts";
import { oauthOffer } from "./postgres/oauth-offer.ts";

compileParserOnce();
const { config: file, data, name } = serviceArguments();
const config = loadConfig(file);
const log = openLog("proxy", config.config.log, { worker: name });
try {
  const cluster = clusterOf({ config, data });
  const { limits, drain } = config.config;
  const http = tlsFilesOf({ config, data }, "proxy");
  const telemetry = await openTelemetry({
    config: config.config.telemetry,
    directory: config.directory,
    service: "proxy",
    instance: name,
    log,
  });
  const running = await startProxy({
    servers: cluster.servers,
    credentials: await readCredentials(cluster.credentials, name),
    sealingPublicKey: readSealingPublicKey(cluster.keys),
    maskingKey: readMaskingKey(cluster.keys),
    directory: config.directory,
    postgres: {
      address: listenerOf({ config, data }, "postgres").address,
      tls: tlsFilesOf({ config, data }, "postgres"),
      oauth: oauthOffer(config.config),
    },
    http: { address: listenerOf({ config, data }, "proxy").address, ...(http && { tls: http }) },
    verdict: limits.verdict,
    unrecordedOutput: limits.unrecorded_output,
    handshake: limits.handshake,
    statement: limits.statement,
    resultSize: limits.result_size ?? Infinity,
    drain,
    limits: {
      idle: limits.idle,
      idleInTransaction: limits.idle_in_transaction,
      session: limits.session,
    },
    counts: {
      perPrincipal: limits.sessions_per_principal,
      perConnection: limits.sessions_per_connection,
    },
    log,
    telemetry,
  });
  onShutdown({
    log,
    deadline: drain + 20_000,
    stop: async () => {
      await running.stop();
      await telemetry?.stop();
    },
  });
  const listen = {
    postgres: addressText(running.postgres),
    http: addressText(running.http),
  };
  log.info(listen, "serving");
  sayReady({ service: "proxy", name, listen });
} catch (err) {
  log.error({ err }, "the proxy cannot start");
  process.exit(1);
}
