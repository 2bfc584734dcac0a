import { afterAll, beforeAll, expect, test } from "vitest";
import { startCluster, type Cluster } from "../journey/cluster.ts";
import { Ledger, ledgerPolicies, ledgerSql, nothing } from "./ledger.ts";

let cluster: Cluster;
beforeAll(async () => {
  cluster = await startCluster({
    sql: ledgerSql,
    policies: ledgerPolicies,
    workers: 2,
    change: (config) => {
      for (const connection of Object.values(config.connections)) connection.columns = {};
      config.archive = { directory: "./archive", every: "1s" };
      config.drain = "5s";
    },
  });
});
afterAll(() => cluster?.stop());

test(
  "I9: each process told to end in turn, under load: clients lose nothing but what they are told",
  { timeout: 180_000 },
  async () => {
    const ledger = new Ledger(cluster, 4);
    await ledger.goOn("the start");
    for (const [service, name] of [
      ["proxy", "w1"],
      ["proxy", "w2"],
      ["policy"],
      ["authn"],
      ["approval"],
      ["recorder"],
    ] as const) {
      const handle = cluster.service(service, name);
      const { pid } = handle;
      await handle.kill("SIGTERM");
      const next = await handle.replaced(pid);
      // As one who rolls out does: the next worker goes when this one serves.
      if (name !== undefined) await cluster.serves(next);
      await ledger.goOn(`${name ?? service} was told to end`);
    }
    expect(await ledger.compare()).toEqual(nothing);
    // Whoever drains says so: no connection just breaks.
    expect(ledger.complaints).toEqual([]);
  },
);
