import { toTarget } from "@sallyport/pgwire";
import { waitFor } from "@sallyport/testkit";
import { Client } from "pg";
import { afterAll, beforeAll, expect, onTestFinished, test } from "vitest";
import type { Cluster } from "./cluster.ts";
import { startProtocolCluster } from "./protocol-cluster.ts";
import { extended, gateway, RawClient } from "./raw-client.ts";

/** CancelRequests for statements that have not gone to the target yet, and for those that have just ended. */
let cluster: Cluster;

beforeAll(async () => {
  cluster = await startProtocolCluster({ workers: 2 });
});

afterAll(() => cluster?.stop());

async function session(): Promise<RawClient> {
  const client = await RawClient.open(await gateway(cluster, "free"));
  onTestFinished(() => client[Symbol.asyncDispose]());
  return client;
}

/** At either worker, as the kernel has it. */
async function cancel({ keyData }: RawClient): Promise<void> {
  await RawClient.cancel(await gateway(cluster, "free"), keyData.pid, keyData.key);
}

const wasSent = async (text: string): Promise<boolean> =>
  (await cluster.target.statements()).some((one) => one.text.includes(text));

/** Whoever reads names or the catalog at the target has to wait until `release`. */
async function lockNames() {
  const { host, port, superuser: user, password } = cluster.target;
  const client = new Client({ host, port, user, password, database: "shop" });
  await client.connect();
  await client.query("BEGIN; LOCK TABLE pg_catalog.pg_type IN ACCESS EXCLUSIVE MODE");
  let open = true;
  const release = async (): Promise<void> => {
    if (open) await client.end();
    open = false;
  };
  onTestFinished(release);
  const blocked = async (condition: string): Promise<boolean> => {
    const waits = "SELECT FROM pg_stat_activity WHERE wait_event_type = 'Lock'";
    return (await client.query(`${waits} AND ${condition}`)).rows.length > 0;
  };
  return { blocked, release };
}

test.each([
  ["a query", "I", toTarget.query("SELECT 'never sent 1'")],
  ["a query in a transaction", "E", toTarget.query("SELECT 'never sent 2'")],
  ["an Execute", "I", Buffer.concat([extended("SELECT 'never sent 3'"), toTarget.sync])],
  [
    "an Execute in a transaction",
    "E",
    Buffer.concat([extended("SELECT 'never sent 4'"), toTarget.sync]),
  ],
  [
    "the first of a pipeline",
    "I",
    Buffer.concat([extended("SELECT 'never sent 5'"), extended("SELECT 2"), toTarget.sync]),
  ],
])("%s is cancelled while the gateway asks the target for names", async (_, status, bytes) => {
  const client = await session();
  if (status === "E") await client.query("BEGIN");
  await client.query("SET search_path = public");
  const { blocked, release } = await lockNames();
  client.send(bytes);
  await waitFor(() => blocked(`pid = ${client.keyData.pid}`), { what: "the names to be asked" });
  // Again, where the worker that has the session did not answer the other one in time.
  while (!(await cancelInTime(client)));
  // With the transaction goes its search_path, which PostgreSQL 18 reports.
  const said = (await client.ready()).filter((one) => one !== "parameter-status");
  expect(said).toEqual(["error 57014", `ready ${status}`]);
  expect(client.error).toMatchObject({ message: "canceling statement due to user request" });
  await release();
  if (status === "E") await client.query("ROLLBACK");
  expect(await client.query("SELECT 1")).toContain("row 1");
  expect(await wasSent("never sent")).toBe(false);
});

test("a statement is cancelled while the gateway reads the catalog", async () => {
  const [changes, client] = [await session(), await session()];
  for (const one of [changes, client]) await one.query("SELECT 1");
  const { blocked, release } = await lockNames();
  changes.send(toTarget.query("ALTER TABLE orders SET (fillfactor = 90)"));
  await waitFor(() => blocked("application_name = 'sallyport catalog'"), {
    what: "the catalog to be read",
  });
  // The other worker may hear of the change later: what runs until then runs by the old catalog.
  let sent = 0;
  await waitFor(
    async () => {
      const text = `SELECT 'number ${(sent += 1)} of the cancelled'`;
      client.send(toTarget.query(text));
      let said: string[] = [];
      await Promise.all([
        client.ready().then((all) => (said = all)),
        waitFor(() => cancel(client).then(() => said.length > 0), { what: "an answer" }),
      ]);
      return said.includes("error 57014") && !(await wasSent(text));
    },
    { what: "a statement to be cancelled that was not sent" },
  );
  expect(client.error).toMatchObject({ message: "canceling statement due to user request" });
  await release();
  expect((await changes.ready()).at(-1)).toBe("ready I");
  expect(await client.query("SELECT 1")).toContain("row 1");
});

/** Cancels, and gives whether the worker asked was sure to have had time to be answered by another one. */
async function cancelInTime(client: RawClient): Promise<boolean> {
  const began = performance.now();
  await cancel(client);
  return performance.now() - began < 2000;
}

test("I9: a cancel that comes too late does not meet the next statement, at whichever worker it arrives", async () => {
  const client = await session();
  const met: number[] = [];
  for (let round = 0; round < 30; round++) {
    client.send(toTarget.query("SELECT pg_sleep(0.001)"));
    const [said, inTime] = await Promise.all([client.ready(), cancelInTime(client)]);
    expect(said.at(-1)).toBe("ready I");
    const next = await client.query("SELECT 1");
    if (inTime && !next.includes("row 1")) met.push(round);
  }
  expect(met).toEqual([]);
});

test("as with PostgreSQL, a cancel meets nothing that is still to come", async () => {
  const client = await session();
  const met: number[] = [];
  for (let round = 0; round < 4; round++) {
    const inTime = await cancelInTime(client);
    const next = await client.query("SELECT 1");
    if (inTime && !next.includes("row 1")) met.push(round);
  }
  expect(met).toEqual([]);
});
