import {
  addressText,
  clusterOf,
  listenerOf,
  loadConfig,
  onShutdown,
  openLog,
  openTelemetry,
  sayReady,
  serviceArguments,
  tlsFilesOf,
} from "@sallyport/runtime";
import { startPolicy } from "./app.ts";

const log = openLog("policy");
try {
  const { config: file, data } = serviceArguments();
  const config = loadConfig(file);
  log.level = config.config.log;
  const { servers, credentials } = clusterOf({ config, data });
  const tls = tlsFilesOf({ config, data }, "policy");
  const telemetry = await openTelemetry({
    config: config.config.telemetry,
    directory: config.directory,
    service: "policy",
    log,
  });
  const policy = await startPolicy({
    servers,
    credentials,
    http: { address: listenerOf({ config, data }, "policy").address, ...(tls && { tls }) },
    log,
    telemetry,
  });
  onShutdown({
    log,
    stop: async () => {
      await policy.stop();
      await telemetry?.stop();
    },
    deadline: config.config.drain + 5000,
  });
  sayReady({ service: "policy", listen: { http: addressText(policy.http) } });
  log.info({ http: addressText(policy.http) }, "policy judges");
} catch (err) {
  log.error({ err }, "policy cannot start");
  process.exit(1);
}
