import {
  addressText,
  clusterOf,
  loadConfig,
  onShutdown,
  openLog,
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
  const { address, tls } = config.config.listen.policy;
  const policy = await startPolicy({
    servers,
    credentials,
    http: {
      address,
      ...(tls !== "off" && {
        tls: { cert: config.resolve(tls.cert), key: config.resolve(tls.key) },
      }),
    },
    log,
  });
  onShutdown({ log, stop: () => policy.stop(), deadline: config.config.drain });
  sayReady({ service: "policy", listen: { http: addressText(policy.http) } });
  log.info({ http: addressText(policy.http) }, "policy judges");
} catch (err) {
  log.error({ err }, "policy cannot start");
  process.exit(1);
}
