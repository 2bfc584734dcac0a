import { existsSync, rmSync } from "node:fs";
import { join } from "node:path";
import { wantedStreams } from "@sallyport/bus";
import { keys } from "@sallyport/contracts";
import {
  loadConfig,
  makeDataDirectory,
  makeKeys,
  makeSelfSigned,
  missingSecrets,
  missingWebhookSecrets,
  writeCluster,
  type ClusterFile,
  type DataDirectory,
  type LoadedConfig,
  type Ready,
} from "@sallyport/runtime";
import { applyBundle, bundleBucket } from "../apply-bundle.ts";
import { readBundle } from "../bundle.ts";
import { CliError } from "../cli-error.ts";
import { counted, size } from "../readable.ts";
import { recordAct } from "../record-act.ts";
import type { Announcer } from "./announce.ts";
import {
  connectAs,
  layoutOf,
  makeUsers,
  requireDurability,
  setUp,
  workersOf,
} from "./cluster-parts.ts";
import { environmentsOf } from "./environment.ts";
import { KeptRunning } from "./keep-running.ts";
import { certificateNames, reserveListeners } from "./listeners.ts";
import { lockDataDirectory } from "./lock.ts";
import { bytesBelow, diskOf } from "./nats-store.ts";
import { OwnNats } from "./nats.ts";
import type { ServiceName } from "./service.ts";
import { Services } from "./services.ts";
import { StoreWatch } from "./store-watch.ts";

export interface UpOptions {
  readonly loaded: LoadedConfig;
  readonly data: string;
  /** Undefined: one, or with `nats` in the config the first whose key is there. */
  readonly workers: number | undefined;
  readonly services: readonly ServiceName[];
  readonly announcer: Announcer;
}

/** Milliseconds that nats-server may take to end. */
const patience = 10_000;
const day = 86_400_000;

/** A deployment on this host: what was started, in the order in which it ends. */
export class Up {
  readonly #options: UpOptions;
  readonly #directory: DataDirectory;
  readonly #unlock: () => void;
  #services: Services | undefined;
  #nats: KeptRunning | undefined;
  #store: StoreWatch | undefined;
  #cluster: ClusterFile | undefined;
  #found: FoundBus | undefined;
  #renewal: NodeJS.Timeout | undefined;

  private constructor(options: UpOptions) {
    this.#options = options;
    this.#directory = makeDataDirectory(options.data);
    this.#unlock = lockDataDirectory(this.#directory.path);
  }

  /**
   * Starts everything and resolves when all of it serves. What it began it ends when a step fails, or when `stopping`
   * is aborted in between.
   */
  static async start(options: UpOptions, stopping: AbortSignal): Promise<Up> {
    // Whatever is wrong with what people wrote comes before anything is made.
    const { bundle } = readBundle(options.loaded, Date.now());
    const { loaded, services } = options;
    const { config, directory } = loaded;
    const missing = [
      ...(services.includes("proxy") ? missingSecrets(config, directory) : []),
      ...(services.includes("approval") ? missingWebhookSecrets(config, directory) : []),
    ];
    if (missing.length > 0)
      throw new CliError(
        `credentials are missing:\n${missing.map((line) => `  ${line}`).join("\n")}`,
      );
    const up = new Up(options);
    try {
      await up.#start(bundle, stopping);
    } catch (error) {
      await up.stop();
      throw error;
    }
    return up;
  }

  /** Drains: workers first, then the other services, the bus last. */
  async stop(): Promise<void> {
    clearInterval(this.#renewal);
    this.#store?.stop();
    await this.#services?.stop(this.#options.loaded.config.drain);
    await this.#nats?.stop(patience);
    this.#leave();
  }

  /** Ends everything at once. */
  kill(): void {
    this.#store?.stop();
    this.#services?.kill();
    this.#nats?.kill();
    this.#leave();
  }

  /** Where nothing runs, no `cluster.json` says that something does. */
  #leave(): void {
    rmSync(this.#directory.cluster, { force: true });
    this.#unlock();
  }

  async #start(
    bundle: ReturnType<typeof readBundle>["bundle"],
    stopping: AbortSignal,
  ): Promise<void> {
    const { loaded, services, announcer } = this.#options;
    const { config } = loaded;
    const go = (): void => stopping.throwIfAborted();
    const reserved = await reserveListeners(config, services);
    const environments = environmentsOf(config, process.env);
    if (!config.keys) makeKeys(this.#directory.keys);
    const ca = await this.#makeCertificate();
    if (ca !== undefined)
      announcer.step(`the listener's certificate is of its own authority ${ca}`);

    const found = await this.#bus(environments.other);
    this.#found = found;
    const { servers, credentials, workers, monitoring } = found;
    go();
    if (await setUp(servers, credentials, loaded, "sally up"))
      announcer.step("streams and buckets are as they must be");
    else
      announcer.trouble(
        `streams and buckets were not checked: no set-up key in \`${credentials}\``,
      );
    const revision = await this.#apply(found, bundle);
    this.#cluster = {
      v: 1,
      pid: process.pid,
      servers: [...servers],
      http: {},
      workers: {},
      reserved,
      ...(monitoring !== undefined && { monitoring }),
      ...(ca !== undefined && { ca }),
    };
    writeCluster(this.#directory.path, this.#cluster);
    go();

    this.#services = new Services({
      config: loaded.file,
      data: this.#directory.path,
      environments,
      announcer,
      onReady: (ready) => this.#note(ready),
    });
    await this.#services.start(services, workers, stopping);
    this.#renewal = setInterval(() => void this.#renewCertificate(), day);
    announcer.ready(this.#cluster, loaded, revision);
  }

  async #renewCertificate(): Promise<void> {
    try {
      await this.#makeCertificate();
    } catch (error) {
      this.#options.announcer.trouble(
        `the listener's certificate could not be renewed: ${error instanceof Error ? error.message : String(error)}`,
      );
    }
  }

  async #makeCertificate(): Promise<string | undefined> {
    const { config } = this.#options.loaded;
    const { services } = this.#options;
    if (!services.includes("proxy") || config.listen.postgres.tls !== "self-signed")
      return undefined;
    return (await makeSelfSigned(this.#directory.tls, certificateNames(config))).ca;
  }

  /** The bus of the config, or a nats-server of our own. */
  async #bus(env: NodeJS.ProcessEnv): Promise<FoundBus> {
    const { loaded, announcer, workers: wanted } = this.#options;
    const { nats, durability } = loaded.config;
    if (nats) {
      const credentials = loaded.resolve(nats.credentials);
      return {
        servers: nats.servers,
        credentials,
        workers: await workersOf(credentials, wanted),
        monitoring: nats.monitoring,
        made: [],
      };
    }
    if (durability === "replicated")
      throw new CliError("`durability: replicated` takes three nats-servers", {
        hint: "name them as `nats` in the config",
      });
    const workers = Array.from({ length: wanted ?? 1 }, (_, index) => `w${index + 1}`);
    const { users, made } = await makeUsers(this.#directory, workers);
    const server = new OwnNats({ directory: this.#directory.nats, users, durability, env });
    this.#nats = await KeptRunning.start({
      label: "nats-server",
      say: (line) => announcer.trouble(line),
      start: () => server.start(),
      back: () => this.#mend(),
    });
    announcer.step(`nats-server serves on ${server.url} (pid ${this.#nats.pid})`);
    const running = this.#nats;
    this.#store = new StoreWatch({
      monitoring: server.monitoring,
      directory: server.store,
      say: (line) => announcer.trouble(line),
      restart: () => running.restart(patience),
    });
    this.#compareDisk(server.store);
    return {
      servers: [server.url],
      credentials: this.#directory.credentials,
      workers,
      monitoring: server.monitoring,
      made,
    };
  }

  /** Says when the streams could fill the disk before they are full themselves. */
  #compareDisk(store: string): void {
    const { loaded, announcer } = this.#options;
    const most = wantedStreams(layoutOf(loaded.config)).reduce(
      (sum, { max_bytes: bytes = 0 }) => sum + bytes,
      0,
    );
    const room = diskOf(store).free + bytesBelow(store);
    if (room < most)
      announcer.trouble(
        `the streams of the bus may take ${size(most)}, and the disk of \`${store}\` has room for ${size(room)}: make room, or lower \`limits.record\` and \`limits.output\``,
      );
  }

  async #apply(
    { servers, credentials, monitoring, made }: FoundBus,
    bundle: ReturnType<typeof readBundle>["bundle"],
  ): Promise<number> {
    const { announcer } = this.#options;
    if (!existsSync(join(credentials, "operator.json"))) {
      announcer.trouble(`the bundle was not applied: no operator's key in \`${credentials}\``);
      return 0;
    }
    const bus = await connectAs("operator", servers, credentials, "sally up");
    try {
      await requireDurability(bus, this.#options.loaded.config.durability, monitoring);
      if (made.length > 0) await recordAct(bus, "keys", `made the bus keys of ${made.join(", ")}`);
      const { revision, changes } = await applyBundle(bus, bundle);
      announcer.step(
        changes.length === 0
          ? `revision ${revision} holds what the config and the policies say`
          : `applied as revision ${revision}: ${counted(bundle.policies.length, "policy file")}, ${counted(Object.keys(bundle.connections).length, "connection")}`,
      );
      return revision;
    } finally {
      await bus.stop();
    }
  }

  /**
   * Our nats-server came back. What its storage has lost is made again; a bundle that is lost is what config and
   * policies say by now, as at a start. One that is there stays: what was applied since is not taken back.
   */
  async #mend(): Promise<void> {
    const { loaded, announcer } = this.#options;
    const found = this.#found;
    if (!found) return;
    const { servers, credentials } = found;
    try {
      await setUp(servers, credentials, loaded, "sally up");
      const bus = await connectAs("operator", servers, credentials, "sally up");
      const kept = await bundleBucket(bus).get(keys.bundle);
      await bus.stop();
      if (kept) return;
      const { bundle } = readBundle(loadConfig(loaded.file), Date.now());
      announcer.trouble("the bus has lost its storage: it is set up again");
      await this.#apply({ ...found, made: [] }, bundle);
    } catch (error) {
      announcer.trouble(
        `the bus could not be set up again: ${error instanceof Error ? error.message : String(error)}`,
      );
    }
  }

  #note({ service, name, listen }: Ready): void {
    if (!this.#cluster) return;
    const { http, postgres } = listen;
    const { tls } = this.#options.loaded.config.listen[service];
    const pages = service === "proxy" ? this.#cluster.workers : this.#cluster.http;
    if (http !== undefined)
      pages[name ?? service] = `${tls === "off" ? "http" : "https"}://${http}`;
    if (postgres !== undefined) this.#cluster.postgres = postgres;
    writeCluster(this.#directory.path, this.#cluster);
  }
}

interface FoundBus {
  readonly servers: readonly string[];
  readonly credentials: string;
  readonly workers: readonly string[];
  readonly monitoring: string | undefined;
  /** Users whose keys were made just now. */
  readonly made: readonly string[];
}
