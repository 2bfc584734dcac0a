import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { freePort } from "./free-port.ts";
import { LeashedProcess } from "./leash.ts";
import { LeashedServer } from "./leashed-server.ts";
import { natsServerBinary } from "./tools.ts";
import { waitFor } from "./wait-for.ts";

export interface NatsOptions {
  /** Text in nats-server's configuration format, over the testkit's own lines (JetStream, 4 MiB messages). */
  config?: string;
  /** A configuration file of one's own instead; address, port and store are still the testkit's, so no `store_dir`. */
  configFile?: string;
  /** Keeps the store here, and leaves it at the end. */
  directory?: string;
  port?: number;
}

/** A real nats-server with JetStream on a free loopback port. */
export class NatsServer extends LeashedServer {
  readonly port: number;
  readonly url: string;
  /** Lives as long as this object, whatever `kill` and `start` do; to be replaced only while the server is down. */
  readonly storeDirectory: string;

  private constructor(port: number, directory: string, keep: boolean, configFile: string) {
    const storeDirectory = join(directory, "store");
    const listen = ["-a", "127.0.0.1", "-p", String(port)];
    const args = ["-c", configFile, ...listen, "-js", "-sd", storeDirectory];
    const logFile = join(directory, "nats.log");
    super({
      name: "nats-server",
      launch: () =>
        LeashedProcess.start(natsServerBinary(), args, {
          directory,
          temporary: !keep,
          log: logFile,
          signal: "KILL",
        }),
      ready: async (running) => {
        await waitFor(() => !running.running || greets(port), {
          what: "nats-server to greet",
          timeout: 60_000,
        });
      },
      logFile,
      temporary: keep ? undefined : directory,
    });
    this.port = port;
    this.url = `nats://127.0.0.1:${port}`;
    this.storeDirectory = storeDirectory;
  }

  static async create(options: NatsOptions = {}): Promise<NatsServer> {
    const directory = options.directory ?? (await mkdtemp(join(tmpdir(), "sallyport-nats-")));
    const configFile = options.configFile ?? join(directory, "nats.conf");
    if (options.configFile === undefined) {
      await writeFile(configFile, `max_payload: 4MB\n${options.config ?? ""}\n`, { mode: 0o600 });
    }
    for (let attempt = 1; ; attempt++) {
      const port = options.port ?? (await freePort());
      const server = new NatsServer(port, directory, options.directory !== undefined, configFile);
      try {
        await server.start();
        return server;
      } catch (cause) {
        await server.kill();
        if (attempt < 3 && options.port === undefined) continue;
        if (options.directory === undefined) await rm(directory, { recursive: true, force: true });
        throw cause;
      }
    }
  }
}

export function startNats(options?: NatsOptions): Promise<NatsServer> {
  return NatsServer.create(options);
}

/** The server speaks first; JetStream is ready before it does. */
function greets(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ port, host: "127.0.0.1", timeout: 1000 });
    const end = (greeted: boolean): void => {
      socket.destroy();
      resolve(greeted);
    };
    socket.once("data", (data) => end(data.includes('"jetstream":true')));
    socket.once("error", () => end(false));
    socket.once("timeout", () => end(false));
    socket.once("close", () => end(false));
  });
}
