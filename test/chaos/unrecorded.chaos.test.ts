import { afterAll, beforeAll, expect, test } from "vitest";
import { startCluster, type Cluster } from "../journey/cluster.ts";
import { Ledger, ledgerPolicies, ledgerSql, nothing } from "./ledger.ts";

let cluster: Cluster;
beforeAll(async () => {
  cluster = await startCluster({
    sql: ledgerSql,
    policies: ledgerPolicies,
    change: (config) => {
      for (const connection of Object.values(config.connections)) connection.columns = {};
      config.archive = { directory: "./archive", every: "1s" };
    },
  });
});
afterAll(() => cluster?.stop());

test(
  "I1: whatever is killed or frozen, no statement runs on the target without evidence",
  { timeout: 180_000 },
  async () => {
    const ledger = new Ledger(cluster, 4);
    await ledger.goOn("the start");
    for (const service of ["nats-server", "policy", "recorder", "proxy", "authn", "approval"]) {
      const handle = cluster.service(service);
      const { pid } = handle;
      await handle.kill();
      await handle.replaced(pid);
      await ledger.goOn(`${service} was killed`);
    }
    for (const service of ["nats-server", "policy", "authn", "recorder"]) {
      const handle = cluster.service(service);
      handle.freeze();
      await new Promise((resolve) => setTimeout(resolve, 4000));
      handle.thaw();
      await ledger.goOn(`${service} was frozen`);
    }
    expect(await ledger.compare()).toEqual(nothing);
    expect(ledger.done).toBeGreaterThan(200);
  },
);
