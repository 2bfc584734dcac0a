import type { Ready } from "@sallyport/runtime";
import type { Announcer } from "./announce.ts";
import type { environmentsOf } from "./environment.ts";
import { KeptRunning } from "./keep-running.ts";
import { serviceLabel, startService, type ServiceName } from "./service.ts";

export interface ServicesOptions {
  readonly config: string;
  readonly data: string;
  readonly environments: ReturnType<typeof environmentsOf>;
  readonly announcer: Announcer;
  /** A service tells where it listens, at the first start and at each further one. */
  readonly onReady: (ready: Ready) => void;
}

/** Milliseconds beyond the drain that a worker may take, and that any other service may take, to end by itself. */
const patience = 25_000;

/** The services of this host, each kept running. */
export class Services {
  readonly #options: ServicesOptions;
  readonly #proxies: KeptRunning[] = [];
  readonly #others: KeptRunning[] = [];

  constructor(options: ServicesOptions) {
    this.#options = options;
  }

  /** All at once: each waits for what it needs. The first that fails, or `stopping`, ends the other starts. */
  async start(
    services: readonly ServiceName[],
    workers: readonly string[],
    stopping: AbortSignal,
  ): Promise<void> {
    const failed = new AbortController();
    const giveUp = AbortSignal.any([stopping, failed.signal]);
    const starting = services
      .flatMap((service) =>
        service === "proxy"
          ? workers.map((name) => this.#startOne({ service, name }, giveUp))
          : [this.#startOne({ service }, giveUp)],
      )
      .map((start) =>
        start.catch((error: unknown) => {
          failed.abort();
          throw error;
        }),
      );
    const first = Promise.all(starting);
    // Nothing may still be starting when what runs is ended.
    await Promise.allSettled(starting);
    await first;
  }

  /** Workers first: they drain while the others still serve them. `drain` in milliseconds. */
  async stop(drain: number): Promise<void> {
    await Promise.all(this.#proxies.map((proxy) => proxy.stop(drain + patience)));
    await Promise.all(this.#others.map((other) => other.stop(patience)));
  }

  kill(): void {
    for (const each of [...this.#proxies, ...this.#others]) each.kill();
  }

  async #startOne(
    which: { readonly service: ServiceName; readonly name?: string },
    giveUp: AbortSignal,
  ): Promise<void> {
    const { config, data, environments, announcer, onReady } = this.#options;
    const isProxy = which.service === "proxy";
    const kept = await KeptRunning.start({
      label: serviceLabel(which),
      say: (line) => announcer.trouble(line),
      start: () =>
        startService({
          ...which,
          config,
          data,
          env: environmentOf(which.service, environments),
          giveUp,
          onReady: (ready, pid) => {
            onReady(ready);
            announcer.started(serviceLabel(which), pid, ready.listen);
          },
        }),
    });
    (isProxy ? this.#proxies : this.#others).push(kept);
  }
}

function environmentOf(
  service: ServiceName,
  environments: ServicesOptions["environments"],
): NodeJS.ProcessEnv {
  switch (service) {
    case "proxy":
    case "approval":
      return environments[service];
    case "authn":
    case "recorder":
      return environments.archive;
    case "policy":
      return environments.other;
  }
}
