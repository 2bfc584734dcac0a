import { afterAll, beforeAll, expect, test } from "vitest";
import type { Cluster } from "./cluster.ts";
import {
  copyIn,
  drink,
  logIn,
  newTexts,
  startWarmCluster,
  tooLongStatements,
  unread,
} from "./much-traffic.ts";
import { growth, mostGrowth } from "./worker-memory.ts";

let cluster: Cluster;

const ci = () => logIn(cluster);
const grown = (act: () => Promise<unknown>) => growth(cluster.worker().pid, act);

beforeAll(async () => {
  cluster = await startWarmCluster();
});
afterAll(() => cluster?.stop());

test("a thousand texts that were never read before", async () => {
  await using raw = await ci();
  expect(await grown(() => newTexts(raw, 1000))).toBeLessThan(mostGrowth);
});

test("200 MiB of COPY data", async () => {
  await using raw = await ci();
  expect(await grown(() => copyIn(raw, 200))).toBeLessThan(mostGrowth);
});

test("200 MiB of rows, and a row of 200 MiB", async () => {
  await using raw = await ci();
  const rows = "SELECT repeat('x', 1000) FROM generate_series(1, 200000)";
  expect(await grown(() => drink(raw, rows))).toBeLessThan(mostGrowth);
  const row = `SELECT repeat('x', ${200 * 1024 * 1024})`;
  expect(
    await grown(async () => expect(await drink(raw, row)).toBeGreaterThan(200 * 1024 * 1024)),
  ).toBeLessThan(mostGrowth);
});

test("statements of 20 MiB, one after the other", async () => {
  await using raw = await ci();
  expect(await grown(() => tooLongStatements(raw, 10))).toBeLessThan(mostGrowth);
});

test("500 MiB of rows for a client that does not read", async () => {
  expect(await grown(() => unread(cluster, "ci-runner", 1, 500))).toBeLessThan(mostGrowth);
});

test("30 clients that do not read", async () => {
  expect(await grown(() => unread(cluster, "ci-runner", 30, 20))).toBeLessThan(mostGrowth);
});
