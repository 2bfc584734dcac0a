import { readFileSync } from "node:fs";
import { cp, mkdir } from "node:fs/promises";
import { join } from "node:path";
import { readCluster } from "@sallyport/runtime";
import { SallyUp, waitFor, type ServiceProcess } from "@sallyport/testkit";
import { readPage, type Entrance, type Readiness } from "./deployed.ts";

const services = ["authn", "policy", "approval", "recorder", "proxy"] as const;

export interface HostOptions {
  readonly name: string;
  /** Its worker's name. */
  readonly worker: string;
  readonly directory: string;
  /** Of the deployment: its own of them are copied to it. */
  readonly credentials: string;
  readonly keys: string;
  /** Writes its sallyport.yaml into the directory, and gives its path. */
  readonly config: (directory: string) => string;
  readonly env: Record<string, string>;
}

/** A machine with a process of each service, in a directory of its own, which shares the bus and the archive with others. */
export class Host implements Entrance, AsyncDisposable {
  readonly name: string;
  /** Health pages of its services. */
  readonly machines: readonly { readonly name: string; ready(): Promise<Readiness | null> }[];
  readonly #options: HostOptions;
  readonly #config: string;
  readonly #directory: string;
  #up: SallyUp | null = null;
  #port = 0;
  #ca: string | undefined;

  private constructor(options: HostOptions, directory: string) {
    const { name } = options;
    this.name = name;
    this.#options = options;
    this.#directory = directory;
    this.#config = options.config(directory);
    this.machines = services.map((service) => ({
      name: `${name} ${service}`,
      ready: () => readPage(this.#page(service)),
    }));
  }

  static async start(options: HostOptions): Promise<Host> {
    const directory = join(options.directory, options.name);
    const credentials = join(directory, "credentials");
    await mkdir(credentials, { recursive: true, mode: 0o700 });
    for (const user of [...services.slice(0, -1), "witness", options.worker])
      await cp(join(options.credentials, `${user}.json`), join(credentials, `${user}.json`));
    await cp(options.keys, join(directory, "keys"), { recursive: true });
    const host = new Host(options, directory);
    await host.start();
    return host;
  }

  get clients(): { port: number } {
    return { port: this.#port };
  }

  get ca(): string | undefined {
    return this.#ca === undefined ? undefined : readFileSync(this.#ca, "utf8");
  }

  /** Of `sally approvals --url`. */
  get approval(): string {
    return this.#page("approval") ?? "";
  }

  /** What libpq needs to come here, beside a token. */
  env(who: string): Record<string, string> {
    return {
      PGHOST: "127.0.0.1",
      PGPORT: String(this.#port),
      PGDATABASE: "shop",
      PGUSER: who,
      PGSSLMODE: "verify-full",
      PGSSLROOTCERT: this.#ca ?? "",
    };
  }

  async start(): Promise<void> {
    const { env } = this.#options;
    const directory = this.#directory;
    this.#up = await SallyUp.start({
      config: this.#config,
      data: join(directory, "data"),
      log: join(directory, "sally.log"),
      env,
      args: ["--only", services.join()],
    });
    this.#port = this.#up.address("postgres").port;
    this.#ca = this.#up.listen["ca"];
  }

  /** Drains and ends everything on it. */
  async stop(): Promise<void> {
    await this.#up?.stop();
    this.#up = null;
  }

  /** Everything on it ends at once, as when it loses its power. */
  async kill(): Promise<void> {
    const up = this.#up;
    if (up === null) return;
    this.#up = null;
    const running = up.services();
    // What starts again whatever ends goes first.
    await up.kill();
    for (const { pid } of running) kill(pid);
    await waitFor(
      () => {
        const left: ServiceProcess[] = up.services();
        for (const { pid } of left) kill(pid);
        return left.length === 0;
      },
      { what: `everything on ${this.name} to end` },
    );
  }

  log(): Promise<string> {
    return this.#up?.log() ?? Promise.resolve("");
  }

  #page(service: (typeof services)[number]): string | undefined {
    const cluster = readCluster(join(this.#directory, "data"));
    return service === "proxy" ? cluster?.workers[this.#options.worker] : cluster?.http[service];
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }
}

function kill(pid: number): void {
  try {
    process.kill(pid, "SIGKILL");
  } catch {
    // It has ended by itself.
  }
}
