import { freePort } from "./free-port.ts";
import { startNats, type NatsServer } from "./nats.ts";

/** What each server's configuration needs to know of the others. */
export interface ClusterPlace {
  readonly name: string;
  readonly server: string;
  readonly listen: string;
  readonly routes: readonly string[];
}

/** Real nats-servers that make one cluster, on loopback. `configFile` writes each its configuration and gives the path. */
export class NatsCluster implements AsyncDisposable {
  readonly servers: ReadonlyMap<string, NatsServer>;

  private constructor(servers: ReadonlyMap<string, NatsServer>) {
    this.servers = servers;
  }

  static async start(
    size: number,
    configFile: (place: ClusterPlace) => Promise<string>,
  ): Promise<NatsCluster> {
    const routes: string[] = [];
    for (let index = 0; index < size; index++) routes.push(`127.0.0.1:${await freePort()}`);
    const servers = new Map<string, NatsServer>();
    for (const [index, listen] of routes.entries()) {
      const server = `n${index + 1}`;
      const others = routes.filter((one) => one !== listen);
      const file = await configFile({ name: "sallyport", server, listen, routes: others });
      servers.set(server, await startNats({ configFile: file }));
    }
    return new NatsCluster(servers);
  }

  get urls(): string[] {
    return [...this.servers.values()].map(({ url }) => url);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all([...this.servers.values()].map((server) => server.stop()));
  }
}
