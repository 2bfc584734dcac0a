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

const hour = 3_600_000;

let cluster: Cluster;

const ci = () => logIn(cluster);
const grown = (act: () => Promise<unknown>) => growth(cluster.worker().pid, act);

beforeAll(async () => {
  cluster = await startWarmCluster();
  await using raw = await ci();
  await newTexts(raw, 1000);
});
afterAll(() => cluster?.stop());

test("1 GiB of COPY data in, and out", async () => {
  await using raw = await ci();
  expect(await grown(() => copyIn(raw, 1024, hour))).toBeLessThan(mostGrowth);
  expect(
    await grown(async () =>
      expect(await drink(raw, "COPY sink TO STDOUT")).toBeGreaterThan(2 ** 30),
    ),
  ).toBeLessThan(mostGrowth);
});

test("1 GiB of rows, as they come and masked", async () => {
  await using raw = await ci();
  const rows = "SELECT repeat('x', 1000) FROM generate_series(1, 1000000)";
  expect(await grown(() => drink(raw, rows))).toBeLessThan(mostGrowth);
  const masked =
    "SELECT c.email, repeat('x', 1000) FROM generate_series(1, 1000000), (SELECT email FROM customers LIMIT 1) AS c";
  expect(await grown(() => drink(raw, masked))).toBeLessThan(mostGrowth);
});

test("a hundred statements of 20 MiB", async () => {
  await using raw = await ci();
  expect(await grown(() => tooLongStatements(raw, 100))).toBeLessThan(mostGrowth);
});

test("60 clients that do not read", async () => {
  expect(await grown(() => unread(cluster, "ci-runner", 60, 50))).toBeLessThan(mostGrowth);
});
