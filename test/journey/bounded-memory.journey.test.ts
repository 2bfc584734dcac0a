import { afterAll, beforeAll, expect, test } from "vitest";
import { waitFor } from "@sallyport/testkit";
import type { Cluster } from "./cluster.ts";
import { copyIn, drink, newTexts, tooLongStatements, unread } from "./much-traffic.ts";
import { startProtocolCluster } from "./protocol-cluster.ts";
import { gateway, RawClient } from "./raw-client.ts";
import { growth } from "./worker-memory.ts";

/** Megabytes that a worker which has worked before may grow by, whatever passes through it. */
const most = 100;

let cluster: Cluster;

/** On a machine that is busy elsewhere a worker may miss a beat, and refuses until it hears the next. */
const ci = () =>
  waitFor(async () => RawClient.open(await gateway(cluster, "ci-runner")), { what: "a log-in" });
const grown = (act: () => Promise<unknown>) => growth(cluster.worker().pid, act);

beforeAll(async () => {
  cluster = await startProtocolCluster();
  await cluster.truth("SET ROLE shop_app; CREATE TABLE sink (v text)");
  await using raw = await ci();
  await copyIn(raw, 20);
  await drink(raw, "SELECT repeat('x', 1000) FROM generate_series(1, 20000)");
});
afterAll(() => cluster?.stop());

test("a thousand texts that were never read before", async () => {
  await using raw = await ci();
  expect(await grown(() => newTexts(raw, 1000))).toBeLessThan(most);
});

test("200 MiB of COPY data", async () => {
  await using raw = await ci();
  expect(await grown(() => copyIn(raw, 200))).toBeLessThan(most);
});

test("200 MiB of rows, and a row of 200 MiB", async () => {
  await using raw = await ci();
  const rows = "SELECT repeat('x', 1000) FROM generate_series(1, 200000)";
  expect(await grown(() => drink(raw, rows))).toBeLessThan(most);
  const row = `SELECT repeat('x', ${200 * 1024 * 1024})`;
  expect(
    await grown(async () => expect(await drink(raw, row)).toBeGreaterThan(200 * 1024 * 1024)),
  ).toBeLessThan(most);
});

test("statements of 20 MiB, one after the other", async () => {
  await using raw = await ci();
  expect(await grown(() => tooLongStatements(raw, 10))).toBeLessThan(most);
});

test("500 MiB of rows for a client that does not read", async () => {
  expect(await grown(() => unread(cluster, "ci-runner", 1, 500))).toBeLessThan(most);
});

test("30 clients that do not read", async () => {
  expect(await grown(() => unread(cluster, "ci-runner", 30, 20))).toBeLessThan(most);
});
