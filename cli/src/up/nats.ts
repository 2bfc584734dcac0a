import { readdirSync, readFileSync, rmSync } from "node:fs";
import { open } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { natsServerConfig, type BusUser } from "@sallyport/bus";
import { writePrivateFile } from "@sallyport/runtime";
import { z } from "zod";
import { CliError } from "../cli-error.ts";
import { natsServerBinary } from "./nats-binary.ts";
import { Process } from "./process.ts";

export interface OwnNatsOptions {
  readonly directory: string;
  readonly users: readonly BusUser[];
  readonly durability: "fsync" | "replicated" | "buffered";
  readonly env: NodeJS.ProcessEnv;
}

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

  /** Resolves when it greets. */
  async start(): Promise<Process> {
    const { directory, users, durability, env } = this.#options;
    const config = join(directory, "nats.conf");
    writePrivateFile(
      config,
      natsServerConfig({
        users,
        host: "127.0.0.1",
        port: this.#ports?.client ?? -1,
        monitoring: { host: "127.0.0.1", port: this.#ports?.monitoring ?? -1 },
        storeDirectory: join(directory, "store"),
        durability,
      }),
    );
    const log = await open(join(directory, "nats.log"), "a", 0o600);
    try {
      const server = await Process.start(
        this.#binary,
        ["-c", config, "--ports_file_dir", directory],
        { stdio: ["ignore", log.fd, log.fd], env, cwd: directory, leashed: true },
      );
      const ports = await this.#portsOf(server);
      this.#ports ??= { client: portOf(ports.nats), monitoring: portOf(ports.monitoring) };
      return server;
    } finally {
      await log.close();
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
