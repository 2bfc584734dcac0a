import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { busUser, natsServerConfig, type Credentials } from "@sallyport/bus";
import { freePort, NatsCluster, Relay } from "@sallyport/testkit";

/** A way between two servers, by the names of both. */
interface Route {
  readonly between: readonly [string, string];
  readonly relay: Relay;
}

/** Three nats-servers whose routes can be cut, one server from the others. */
export class BusCluster implements AsyncDisposable {
  readonly nats: NatsCluster;
  readonly #routes: readonly Route[];

  private constructor(nats: NatsCluster, routes: readonly Route[]) {
    this.nats = nats;
    this.#routes = routes;
  }

  static async start(directory: string, credentials: readonly Credentials[]): Promise<BusCluster> {
    const routes: { between: [string, string]; relay: Relay; to: string }[] = [];
    const nobody = await freePort();
    const listens = new Map<string, string>();
    const nats = await NatsCluster.start(3, async (place) => {
      listens.set(place.listen, place.server);
      const ways: string[] = [];
      for (const to of place.routes) {
        const relay = await Relay.start(Number(to.split(":")[1]));
        routes.push({ between: [place.server, to], relay, to });
        ways.push(`127.0.0.1:${relay.port}`);
      }
      const config = natsServerConfig({
        users: credentials.map(busUser),
        port: 4222,
        cluster: { ...place, routes: ways },
      });
      const file = join(directory, `${place.server}.conf`);
      // What servers tell each other of their addresses must not lead past the relays: it leads nowhere.
      await writeFile(
        file,
        config.replace("cluster: {", `cluster: {\n  advertise: "127.0.0.1:${nobody}"`),
      );
      return file;
    });
    return new BusCluster(
      nats,
      routes.map(({ between: [from, to], relay }) => ({
        between: [from, listens.get(to) ?? to],
        relay,
      })),
    );
  }

  routesOf(server: string): Relay[] {
    return this.#routes.filter(({ between }) => between.includes(server)).map(({ relay }) => relay);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.nats[Symbol.asyncDispose]();
    await Promise.all(this.#routes.map(({ relay }) => relay[Symbol.asyncDispose]()));
  }
}
