import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { freePort } from "./free-port.ts";
import { freezeProcess } from "./freeze.ts";
import { LeashedProcess } from "./leash.ts";
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
export class NatsServer implements AsyncDisposable {
  readonly port: number;
  readonly url: string;
  /** Lives as long as this object, whatever `kill` and `start` do; to be replaced only while the server is down. */
  readonly storeDirectory: string;
  readonly #directory: string;
  readonly #keep: boolean;
  readonly #args: readonly string[];
  #process: LeashedProcess | undefined;

  private constructor(port: number, directory: string, keep: boolean, configFile: string) {
    this.port = port;
    this.url = `nats://127.0.0.1:${port}`;
    this.#directory = directory;
    this.#keep = keep;
    this.storeDirectory = join(directory, "store");
    this.#args = [
      "-c",
      configFile,
      "-a",
      "127.0.0.1",
      "-p",
      String(port),
      "-js",
      "-sd",
      this.storeDirectory,
    ];
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

  get pid(): number {
    if (!this.#process?.running) throw new Error("nats-server is not running");
    return this.#process.pid;
  }

  /** Starts a server that was killed: same port, same store. */
  async start(): Promise<void> {
    if (this.#process?.running) return;
    const log = join(this.#directory, "nats.log");
    const server = await LeashedProcess.start(natsServerBinary(), this.#args, {
      directory: this.#directory,
      temporary: !this.#keep,
      log,
      signal: "KILL",
    });
    this.#process = server;
    await waitFor(() => !server.running || greets(this.port), {
      what: "nats-server to greet",
      timeout: 20_000,
    });
    if (!server.running) throw new Error(`nats-server did not start: ${await this.log()}`);
  }

  async kill(signal: NodeJS.Signals = "SIGKILL"): Promise<void> {
    await this.#process?.end(signal);
  }

  async restart(signal: NodeJS.Signals = "SIGTERM"): Promise<void> {
    await this.kill(signal);
    await this.start();
  }

  /** Stops the process without closing a connection: it looks like a server that hangs. */
  freeze(): void {
    if (this.#process) freezeProcess(this.#process.pid);
  }

  thaw(): void {
    this.#process?.signal("SIGCONT");
  }

  /** What the server wrote about itself. */
  log(): Promise<string> {
    return readFile(join(this.#directory, "nats.log"), "utf8");
  }

  async stop(): Promise<void> {
    await this.kill("SIGTERM");
    if (!this.#keep) await rm(this.#directory, { recursive: true, force: true });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
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
