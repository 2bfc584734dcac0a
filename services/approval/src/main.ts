import { readCredentials } from "@sallyport/bus";
import { openArchive } from "@sallyport/evidence";
import {
  addressText,
  clusterOf,
  listenerOf,
  loadConfig,
  onShutdown,
  openLog,
  openTelemetry,
  readSealingPublicKey,
  sayReady,
  serviceArguments,
  tlsFilesOf,
} from "@sallyport/runtime";
import { startApproval } from "./app.ts";
import { openReceivers } from "./notify/receiver.ts";

const { config: file, data } = serviceArguments();
const config = loadConfig(file);
const log = openLog("approval", config.config.log);
try {
  const cluster = clusterOf({ config, data });
  const tls = tlsFilesOf({ config, data }, "approval");
  const telemetry = await openTelemetry({
    config: config.config.telemetry,
    directory: config.directory,
    service: "approval",
    log,
  });
  const running = await startApproval({
    servers: cluster.servers,
    credentials: await readCredentials(cluster.credentials, "approval"),
    sealingPublicKey: readSealingPublicKey(cluster.keys),
    archive: await openArchive(config),
    receivers: openReceivers(config.config.approvals.notify, config.directory),
    listen: { address: listenerOf({ config, data }, "approval").address, ...(tls && { tls }) },
    log,
    telemetry,
  });
  onShutdown({
    log,
    deadline: 20_000,
    stop: async () => {
      await running.stop();
      await telemetry?.stop();
    },
  });
  log.info({ http: addressText(running.http) }, "serving");
  sayReady({ service: "approval", listen: { http: addressText(running.http) } });
} catch (err) {
  log.error({ err }, "approval cannot start");
  process.exit(1);
}
