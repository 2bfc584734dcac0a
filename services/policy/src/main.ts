import {
  addressText,
  clusterOf,
  httpPlaceOf,
  loadConfig,
  onShutdown,
  openLog,
  openTelemetry,
  sayReady,
  serviceArguments,
} from "@sallyport/runtime";
import { startPolicy } from "./app.ts";

const log = openLog("policy");
try {
  const { config: file, data } = serviceArguments();
  const config = loadConfig(file);
  log.level = config.config.log;
  const { servers, credentials } = clusterOf({ config, data });
  const telemetry = await openTelemetry({
    config: config.config.telemetry,
    directory: config.directory,
    service: "policy",
    log,
  });
  const policy = await startPolicy({
    servers,
    credentials,
    http: httpPlaceOf({ config, data }, "policy"),
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
