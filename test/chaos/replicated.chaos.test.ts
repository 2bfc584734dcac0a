import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { jetstreamManager } from "@nats-io/jetstream";
import { afterAll, beforeAll, expect, test } from "vitest";
import { busUser, connectBus, createCredentials, natsServerConfig, type Bus } from "@sallyport/bus";
import { streams } from "@sallyport/contracts";
import { NatsCluster, waitFor } from "@sallyport/testkit";
import { silent, HeardAlarms } from "../peer/bus.fixture.ts";
import { startCluster, type Cluster } from "../journey/cluster.ts";
import { Ledger, ledgerPolicies, ledgerSql, nothing } from "./ledger.ts";

let directory: string;
let nats: NatsCluster;
let setup: Bus;
let cluster: Cluster;

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), "sallyport-replicated-"));
  const credentials = await createCredentials(join(directory, "credentials"), { workers: ["w1"] });
  nats = await NatsCluster.start(3, async (place) => {
    const file = join(directory, `${place.server}.conf`);
    const users = credentials.map(busUser);
    await writeFile(file, natsServerConfig({ users, port: 4222, cluster: place }));
    return file;
  });
  const own = credentials.find(({ role }) => role === "setup");
  if (!own) throw new Error("no key for the set-up");
  setup = await connectBus({
    servers: nats.urls,
    credentials: own,
    name: "test",
    log: silent,
    alarms: new HeardAlarms(),
  });
  await waitFor(
    async () => (await jetstreamManager(setup.nats, { checkAPI: false })).getAccountInfo(),
    { what: "JetStream's cluster to have a leader", timeout: 30_000 },
  );
  cluster = await startCluster({
    sql: ledgerSql,
    policies: ledgerPolicies,
    change: (config) => {
      for (const connection of Object.values(config.connections)) connection.columns = {};
      config.archive = { directory: "./archive", every: "1s" };
      config.durability = "replicated";
      config.nats = { servers: nats.urls, credentials: join(directory, "credentials") };
    },
  });
});
afterAll(async () => {
  await cluster?.stop();
  await setup?.stop();
  await nats?.[Symbol.asyncDispose]();
  await rm(directory, { recursive: true, force: true });
});

/** The server that leads the record's stream. */
const leader = (): Promise<string> =>
  waitFor(
    async () => {
      const manager = await jetstreamManager(setup.nats, { checkAPI: false, timeout: 2000 });
      return (await manager.streams.info(streams.record(0))).cluster?.leader;
    },
    { what: "the record's leader", timeout: 30_000 },
  );

test(
  "I1: the record's leader killed again and again, in a cluster of three: nothing runs without evidence",
  { timeout: 180_000 },
  async () => {
    const ledger = new Ledger(cluster, 4);
    await ledger.goOn("the start");
    for (let round = 1; round <= 3; round++) {
      const name = await leader();
      const server = nats.servers.get(name);
      if (!server) throw new Error(`no server ${name}`);
      await server.kill();
      await ledger.goOn(`the leader ${name} was killed (${round})`);
      await server.start();
    }
    const frozen = nats.servers.get(await leader());
    frozen?.freeze();
    await ledger.goOn("the leader was frozen");
    frozen?.thaw();
    await ledger.goOn("the leader woke up");
    expect(await ledger.compare()).toEqual(nothing);
    expect(ledger.done).toBeGreaterThan(100);
  },
);
