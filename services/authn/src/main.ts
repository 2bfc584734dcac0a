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
  readSealingKey,
  sayReady,
  serviceArguments,
  tlsFilesOf,
} from "@sallyport/runtime";
import { startAuthn } from "./app.ts";

const log = openLog("authn");
try {
  const { config: file, data } = serviceArguments();
  const config = loadConfig(file);
  const { drain, identity, log: level } = config.config;
  log.level = level;
  const { servers, credentials, keys } = clusterOf({ config, data });
  const alarms = new Alarms(log);
  const bus = await connectBus({
    servers,
    credentials: await readCredentials(credentials, "authn"),
    name: "authn",
    log,
    alarms,
  });
  const telemetry = await openTelemetry({
    config: config.config.telemetry,
    directory: config.directory,
    service: "authn",
    log,
  });
  const tls = tlsFilesOf({ config, data }, "authn");
  const witness = await readCredentials(credentials, "witness").catch((err: unknown) => {
    log.warn({ err }, "the use of the operator's key is not watched");
    return null;
  });
  const authn = await startAuthn({
    bus,
    issuers: identity.issuers,
    sealingKey: readSealingKey(keys),
    store: await openArchive(config),
    witness: witness && { servers, credentials: witness },
    http: { address: listenerOf({ config, data }, "authn").address, ...(tls && { tls }) },
    log,
    alarms,
    telemetry,
  });
  onShutdown({
    log,
    deadline: drain + 5000,
    stop: async () => {
      await authn.stop();
      await bus.stop();
      await telemetry?.stop();
    },
  });
  sayReady({ service: "authn", listen: { http: addressText(authn.http) } });
  log.info(
    { http: addressText(authn.http), issuers: Object.keys(identity.issuers) },
    "authn serves",
  );
} catch (err) {
  log.error({ err }, "authn cannot start");
  process.exit(1);
}
