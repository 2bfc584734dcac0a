import { connectBus, readCredentials } from "@sallyport/bus";
import { openArchive } from "@sallyport/evidence";
import {
  addressText,
  Alarms,
  clusterOf,
  listenerOf,
  loadConfig,
  onShutdown,
  openLog,
  openTelemetry,
  readSigningKey,
  sayReady,
  serviceArguments,
  tlsFilesOf,
} from "@sallyport/runtime";
import { startRecorder } from "./app.ts";

const { config: file, data } = serviceArguments();
const config = loadConfig(file);
const { archive, log: level } = config.config;
const log = openLog("recorder", level);
try {
  const cluster = clusterOf({ config, data });
  const alarms = new Alarms(log);
  const store = await openArchive(config);
  // No reason to wait or to stop: the archive may be out of reach for a while.
  store.clean(Date.now()).catch((err: unknown) => log.warn({ err }, "the archive was not cleaned"));
  const bus = await connectBus({
    servers: cluster.servers,
    credentials: await readCredentials(cluster.credentials, "recorder"),
    name: "recorder",
    log,
    alarms,
  });
  const telemetry = await openTelemetry({
    config: config.config.telemetry,
    directory: config.directory,
    service: "recorder",
    log,
  });
  const tls = tlsFilesOf({ config, data }, "recorder");
  const running = await startRecorder({
    bus,
    store,
    signingKey: readSigningKey(cluster.keys),
    every: archive.every,
    http: { address: listenerOf({ config, data }, "recorder").address, ...(tls && { tls }) },
    log,
    alarms,
    telemetry,
  });
  onShutdown({
    log,
    deadline: 20_000,
    stop: async () => {
      await running.stop();
      await bus.stop();
      await telemetry?.stop();
    },
  });
  log.info({ archive: store.place }, "recording");
  sayReady({ service: "recorder", listen: { http: addressText(running.http) } });
} catch (err) {
  log.error({ err }, "the recorder cannot start");
  process.exit(1);
}
