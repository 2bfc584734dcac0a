import { afterAll, beforeAll, beforeEach, afterEach, expect, test } from "vitest";
import type { BackendMessage } from "@sallyport/pgwire";
import { waitFor } from "@sallyport/testkit";
import type { Cluster } from "./cluster.ts";
import { startProtocolCluster } from "./protocol-cluster.ts";
import { bare, gateway, RawClient } from "./raw-client.ts";

let cluster: Cluster;
let direct: RawClient;
let through: RawClient;

beforeAll(async () => {
  cluster = await startProtocolCluster();
});
afterAll(() => cluster?.stop());
/** Also soon after a crash, or on a machine on which authn is not heard for a moment. */
const open = () =>
  waitFor(async () => RawClient.open(await gateway(cluster, "ci-runner")), {
    what: "a session",
    every: 300,
  });
beforeEach(async () => {
  direct = await RawClient.open(bare(cluster));
  through = await open();
});
afterEach(async () => {
  await direct?.[Symbol.asyncDispose]();
  await through?.[Symbol.asyncDispose]();
});

type Kind = BackendMessage["kind"];
const clients = () => [direct, through];
/** All of some kinds that a client has heard since its log-in, whole. */
const heard = (client: RawClient, ...kinds: Kind[]) => {
  const since = client.heard.findIndex(({ kind }) => kind === "ready-for-query");
  return client.heard.slice(since).filter(({ kind }) => kinds.includes(kind));
};
const backend = async (client: RawClient): Promise<number> => {
  const row = (await client.query("SELECT pg_backend_pid()")).find((one) => one.startsWith("row "));
  return Number(row?.slice(4));
};
const end = (client: RawClient) => waitFor(() => client.ended, { what: "the end of the session" });

test("a notification reaches a client that is idle as it reaches one without a gateway", async () => {
  for (const client of clients()) await client.query("LISTEN news");
  await cluster.truth("NOTIFY news, 'while idle'");
  for (const client of clients())
    expect(await client.until((said) => said.includes("notification"))).toEqual(["notification"]);
  expect(heard(through, "notification")).toEqual(heard(direct, "notification"));
  expect(heard(through, "notification")).toMatchObject([{ payload: "while idle" }]);
});

test("a setting that the target's new configuration changes is told like the target tells it", async () => {
  await cluster.truth("ALTER SYSTEM SET IntervalStyle = 'iso_8601'");
  await cluster.truth("SELECT pg_reload_conf()");
  for (const client of clients())
    await waitFor(async () => (await client.query("SHOW IntervalStyle")).includes("row iso_8601"), {
      what: "the new configuration",
    });
  const told = heard(through, "parameter-status");
  expect(told).toEqual(heard(direct, "parameter-status"));
  expect(told).toMatchObject([{ name: "IntervalStyle", value: "iso_8601" }]);
});

test("an administrator ends the sessions of idle clients: the target's own FATAL, then the end", async () => {
  for (const client of clients()) {
    await cluster.truth(`SELECT pg_terminate_backend(${await backend(client)})`);
    await end(client);
  }
  const last = heard(through, "error", "notice");
  expect(last).toEqual(heard(direct, "error", "notice"));
  expect(last).toMatchObject([{ fields: { severity: "FATAL", sqlstate: "57P01" } }]);
});

test("a backend of the target crashes: idle clients hear its WARNING, why the gateway ends, and the end", async () => {
  await using victim = await RawClient.open(bare(cluster));
  process.kill(await backend(victim), "SIGKILL");
  for (const client of clients()) await end(client);
  const last = heard(through, "error", "notice");
  const [warning] = heard(direct, "error", "notice");
  expect(warning).toMatchObject({ fields: { severity: "WARNING", sqlstate: "57P02" } });
  const lost = { severity: "FATAL", sqlstate: "08006" };
  expect(last).toEqual([
    warning,
    { kind: "error", fields: expect.objectContaining(lost) as unknown },
  ]);
  await using again = await open();
  expect(await again.query("SELECT email FROM customers WHERE id = 1")).toContain(
    "row a***@example.com",
  );
});
