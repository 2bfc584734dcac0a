import { existsSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { open } from "node:fs/promises";
import { availableParallelism } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { natsServerConfig, type BusUser } from "@sallyport/bus";
import { writePrivateFile } from "@sallyport/runtime";
import { z } from "zod";
import { CliError } from "../cli-error.ts";
import { natsServerBinary } from "./nats-binary.ts";
import { diskOf } from "./nats-store.ts";
import { Process } from "./process.ts";
import { withTimerSlack } from "./timer-slack.ts";

export interface OwnNatsOptions {
  readonly directory: string;
  readonly users: readonly BusUser[];
  readonly durability: "fsync" | "replicated" | "buffered";
  readonly env: NodeJS.ProcessEnv;
}

/**
 * How many threads run its Go code at a time, unless the environment says so: the other half of the cores is for the
 * services that share the machine with it. What it does for a message is short, and waking more threads takes longer.
 */
const threads = Math.max(1, Math.floor(availableParallelism() / 2));
/** Go's monitor looks after them each 20 µs while they work; a millisecond, so much of which may pass, does as well. */
const slack = 1;

const Ports = z.object({
  nats: z.array(z.string()).min(1),
  monitoring: z.array(z.string()).min(1),
});

/** A nats-server of our own on loopback: free ports at the first start, the same ones at each further one. */
export class OwnNats {
  readonly #options: OwnNatsOptions;
  readonly #binary = natsServerBinary();
  #ports: { client: number; monitoring: number } | undefined;

  constructor(options: OwnNatsOptions) {
    this.#options = options;
  }

  get url(): string {
    return `nats://127.0.0.1:${this.#ports?.client}`;
  }

  get monitoring(): string {
    return `http://127.0.0.1:${this.#ports?.monitoring}`;
  }

  get store(): string {
    return join(this.#options.directory, "store");
  }

  /** Resolves when it greets. */
  async start(): Promise<Process> {
    const { directory, users, durability, env } = this.#options;
    const config = join(directory, "nats.conf");
    await this.#awaitPredecessor(config);
    writePrivateFile(
      config,
      natsServerConfig({
        users,
        host: "127.0.0.1",
        port: this.#ports?.client ?? -1,
        monitoring: { host: "127.0.0.1", port: this.#ports?.monitoring ?? -1 },
        storeDirectory: this.store,
        // What is free when it starts, its own measure, would count against what the streams have already.
        maxStore: diskOf(existsSync(this.store) ? this.store : directory).total,
        durability,
        logFile: join(directory, "nats.log"),
      }),
    );
    // What it says before it reads its configuration, and when it crashes.
    const log = await open(join(directory, "nats.log"), "a", 0o600);
    try {
      const server = await withTimerSlack(slack, () =>
        Process.start(
          this.#binary,
          ["-c", config, "--ports_file_dir", directory, "--pid", join(directory, "nats.pid")],
          {
            stdio: ["ignore", log.fd, log.fd],
            env: { GOMAXPROCS: String(threads), ...env },
            cwd: directory,
            leashed: true,
          },
        ),
      );
      const ports = await this.#portsOf(server);
      this.#ports ??= { client: portOf(ports.nats), monitoring: portOf(ports.monitoring) };
      return server;
    } finally {
      await log.close();
    }
  }

  /** INVARIANT: one server a store. That of a killed `sally up` is ended by its watchdog, and may still be at it. */
  async #awaitPredecessor(config: string): Promise<void> {
    const file = join(this.#options.directory, "nats.pid");
    const pid = existsSync(file) ? Number(readFileSync(file, "utf8")) : 0;
    const deadline = performance.now() + 10_000;
    while (serves(pid, config)) {
      if (performance.now() > deadline)
        throw new CliError(
          `a nats-server runs from \`${this.#options.directory}\` already (pid ${pid})`,
          {
            hint: "end it, or name another folder with --data DIR",
          },
        );
      await delay(50);
    }
  }

  /** The server writes them into a file when it listens, JetStream included. */
  async #portsOf(server: Process): Promise<z.infer<typeof Ports>> {
    const { directory } = this.#options;
    const deadline = performance.now() + 30_000;
    while (server.running && performance.now() < deadline) {
      const file = readdirSync(directory).find((name) => name.endsWith(`_${server.pid}.ports`));
      if (file !== undefined) {
        const ports = parsePorts(readFileSync(join(directory, file), "utf8"));
        if (ports) {
          for (const old of readdirSync(directory).filter((name) => name.endsWith(".ports")))
            rmSync(join(directory, old), { force: true });
          return ports;
        }
      }
      await delay(20);
    }
    server.signal("SIGKILL");
    throw new CliError("nats-server did not start", {
      hint: `its log says why: ${join(directory, "nats.log")}`,
    });
  }
}

function parsePorts(text: string): z.infer<typeof Ports> | undefined {
  try {
    return Ports.safeParse(JSON.parse(text)).data;
  } catch {
    return undefined;
  }
}

const portOf = ([url = ""]: readonly string[]): number => Number(new URL(url).port);

/** Whether that process lives and is a server of this config; where there is no /proc, any process of that pid is. */
function serves(pid: number, config: string): boolean {
  if (!Number.isInteger(pid) || pid <= 0) return false;
  try {
    process.kill(pid, 0);
  } catch {
    return false;
  }
  try {
    return readFileSync(`/proc/${pid}/cmdline`, "utf8").split("\0").includes(config);
  } catch {
    return !existsSync("/proc/self");
  }
}
