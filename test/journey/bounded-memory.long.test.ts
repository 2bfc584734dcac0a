import { afterAll, beforeAll, expect, test } from "vitest";
import { waitFor } from "@sallyport/testkit";
import type { Cluster } from "./cluster.ts";
import { copyIn, drink, newTexts, tooLongStatements, unread } from "./much-traffic.ts";
import { startProtocolCluster } from "./protocol-cluster.ts";
import { gateway, RawClient } from "./raw-client.ts";
import { growth } from "./worker-memory.ts";

/** Megabytes, as in the shorter test of the same name. */
const most = 100;
const hour = 3_600_000;

let cluster: Cluster;

const ci = () =>
  waitFor(async () => RawClient.open(await gateway(cluster, "ci-runner")), { what: "a log-in" });
const grown = (act: () => Promise<unknown>) => growth(cluster.worker().pid, act);

beforeAll(async () => {
  cluster = await startProtocolCluster();
  await cluster.truth("SET ROLE shop_app; CREATE TABLE sink (v text)");
  await using raw = await ci();
  await newTexts(raw, 1000);
  await copyIn(raw, 20);
  await drink(raw, "SELECT repeat('x', 1000) FROM generate_series(1, 20000)");
});
afterAll(() => cluster?.stop());

test("1 GiB of COPY data in, and out", async () => {
  await using raw = await ci();
  expect(await grown(() => copyIn(raw, 1024, hour))).toBeLessThan(most);
  expect(
    await grown(async () =>
      expect(await drink(raw, "COPY sink TO STDOUT")).toBeGreaterThan(2 ** 30),
    ),
  ).toBeLessThan(most);
});

test("1 GiB of rows, as they come and masked", async () => {
  await using raw = await ci();
  const rows = "SELECT repeat('x', 1000) FROM generate_series(1, 1000000)";
  expect(await grown(() => drink(raw, rows))).toBeLessThan(most);
  const masked =
    "SELECT c.email, repeat('x', 1000) FROM generate_series(1, 1000000), (SELECT email FROM customers LIMIT 1) AS c";
  expect(await grown(() => drink(raw, masked))).toBeLessThan(most);
});

test("a hundred statements of 20 MiB", async () => {
  await using raw = await ci();
  expect(await grown(() => tooLongStatements(raw, 100))).toBeLessThan(most);
});

test("60 clients that do not read", async () => {
  expect(await grown(() => unread(cluster, "ci-runner", 60, 50))).toBeLessThan(most);
});
