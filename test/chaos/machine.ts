import { readFileSync } from "node:fs";
import { copyFile, mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { ConfigText } from "@sallyport/contracts";
import { readCluster } from "@sallyport/runtime";
import { Relay, SallyUp } from "@sallyport/testkit";
import { ServiceHandle } from "../journey/service-handle.ts";
import { readPage, type Entrance, type Readiness } from "./deployed.ts";

export type ServiceName = "proxy" | "policy" | "authn" | "approval" | "recorder";

export interface MachineOptions {
  readonly service: ServiceName;
  /** The machine's name, and of a proxy its worker's. */
  readonly name: string;
  readonly directory: string;
  /** Of the deployment: what of it a machine needs is copied to it. */
  readonly credentials: string;
  readonly keys: string;
  /** Ports of the bus, the target and the S3 server, which the machine reaches over relays of its own. */
  readonly ports: {
    readonly bus: ReadonlyMap<string, number>;
    readonly target: number;
    readonly s3: number;
  };
  readonly config: (at: { target: number; s3: string; servers: string[] }) => ConfigText;
  readonly env: Record<string, string>;
}

const keysOf: Record<ServiceName, readonly string[]> = {
  proxy: ["masking.key", "sealing.pub"],
  policy: [],
  authn: ["sealing.key", "sealing.pub"],
  approval: ["sealing.pub"],
  recorder: ["signing.key", "signing.pub"],
};

/** One service on a machine of its own: its own data directory and keys, and ways that can be cut. */
export class Machine implements Entrance, AsyncDisposable {
  readonly service: ServiceName;
  readonly name: string;
  readonly process: ServiceHandle;
  /** Ways to the bus, by its server's name. */
  readonly bus: ReadonlyMap<string, Relay>;
  readonly target: Relay;
  readonly s3: Relay;
  /** From clients to it; null unless it is a proxy. */
  readonly clients: Relay | null;
  /** PEM of the authority of its listener. */
  readonly ca: string | undefined;
  readonly #up: SallyUp;
  readonly #data: string;

  private constructor(
    options: MachineOptions,
    ways: Pick<Machine, "bus" | "target" | "s3" | "clients">,
    up: SallyUp,
    data: string,
  ) {
    this.service = options.service;
    this.name = options.name;
    this.bus = ways.bus;
    this.target = ways.target;
    this.s3 = ways.s3;
    this.clients = ways.clients;
    const { ca } = up.listen;
    this.ca = ca === undefined ? undefined : readFileSync(ca, "utf8");
    this.#up = up;
    this.#data = data;
    this.process = new ServiceHandle(() => up.services(), options.service, undefined);
  }

  static async start(options: MachineOptions): Promise<Machine> {
    const { service, name, ports, env } = options;
    const directory = join(options.directory, name);
    const user = service === "proxy" ? name : service;
    for (const folder of ["", "keys", "credentials"])
      await mkdir(join(directory, folder), { recursive: true, mode: 0o700 });
    await copyFile(
      join(options.credentials, `${user}.json`),
      join(directory, "credentials", `${user}.json`),
    );
    for (const file of keysOf[service])
      await copyFile(join(options.keys, file), join(directory, "keys", file));
    const bus = new Map<string, Relay>();
    for (const [server, port] of ports.bus) bus.set(server, await Relay.start(port));
    const target = await Relay.start(ports.target);
    const s3 = await Relay.start(ports.s3);
    const file = join(directory, "sallyport.yaml");
    const config = options.config({
      target: target.port,
      s3: `http://127.0.0.1:${s3.port}`,
      servers: [...bus.values()].map(({ port }) => `nats://127.0.0.1:${port}`),
    });
    await writeFile(file, JSON.stringify(config, null, 2));
    const data = join(directory, "data");
    const up = await SallyUp.start({
      config: file,
      data,
      log: join(directory, "sally.log"),
      env,
      args: ["--only", service],
    });
    const clients = service === "proxy" ? await Relay.start(up.address("postgres").port) : null;
    return new Machine(options, { bus, target, s3, clients }, up, data);
  }

  /** What its health page says; null when nobody answers. */
  ready(): Promise<Readiness | null> {
    return readPage(this.#page());
  }

  /** Where it serves people who approve; undefined unless it is an approval service. */
  get approval(): string | undefined {
    return this.service === "approval" ? this.#page() : undefined;
  }

  #page(): string | undefined {
    const cluster = readCluster(this.#data);
    return this.service === "proxy" ? cluster?.workers[this.name] : cluster?.http[this.service];
  }

  log(): Promise<string> {
    return this.#up.log();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#up.stop();
    const relays = [
      ...this.bus.values(),
      this.target,
      this.s3,
      ...(this.clients ? [this.clients] : []),
    ];
    await Promise.all(relays.map((relay) => relay[Symbol.asyncDispose]()));
  }
}
