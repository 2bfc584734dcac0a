import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { toTarget } from "@sallyport/pgwire";
import { waitFor } from "@sallyport/testkit";
import type { Cluster } from "./cluster.ts";
import { startProtocolCluster } from "./protocol-cluster.ts";
import { extended, gateway, RawClient } from "./raw-client.ts";

const { sync } = toTarget;
const limit = 1024 * 1024;

let cluster: Cluster;

beforeAll(async () => {
  cluster = await startProtocolCluster({
    change: (config) => {
      config.limits = { ...config.limits, result_size: "1MiB" };
    },
  });
  await cluster.truth(
    "SET ROLE shop_app; CREATE TABLE made (n int); CREATE TABLE large (id int, v text)",
  );
  await cluster.truth("INSERT INTO large VALUES (1, repeat('x', 20000000))");
});
afterAll(() => cluster?.stop());

const ci = async () => RawClient.open(await gateway(cluster, "ci-runner"));
const without = (said: readonly string[]) =>
  said.filter((one) => !/^(?:row|data|columns|copy-out|bind|parse)/.test(one));
const many = (rows: number) => `SELECT n, repeat('x', 100) FROM generate_series(1, ${rows}) n`;

describe("limits.result_size", () => {
  test("what fits passes, what does not is cut with an error, and the session goes on", async () => {
    await using client = await ci();
    expect(without(await client.query(many(5000)))).toEqual(["complete SELECT 5000", "ready I"]);
    // More than all buffers on the way hold: the target is met while it still sends.
    for (const rows of [10_000, 1_000_000]) {
      const from = client.heard.length;
      expect(without(await client.query(many(rows)))).toEqual(["error 54000", "ready I"]);
      expect(client.error).toMatchObject({
        message: `the command's result takes more than the ${limit} bytes allowed`,
      });
      const bytes = client.heard
        .slice(from)
        .reduce((sum, one) => sum + (one.kind === "data-row" ? one.frame.length : 0), 0);
      expect(bytes).toBeGreaterThan(limit / 2);
      expect(bytes).toBeLessThanOrEqual(limit);
    }
    expect(without(await client.ask(extended(many(1_000_000)), sync))).toEqual([
      "error 54000",
      "ready I",
    ]);
    expect(without(await client.query(`COPY (${many(1_000_000)}) TO STDOUT`))).toEqual([
      "error 54000",
      "ready I",
    ]);
    expect(without(await client.query("SELECT 1"))).toEqual(["complete SELECT 1", "ready I"]);
  });

  test.each([10_000, 1_000_000])(
    "I8: a transaction has failed with it, whether or not the target was done by then: %d rows",
    async (rows) => {
      await using client = await ci();
      await client.query("BEGIN");
      expect(await client.query("INSERT INTO made VALUES (1)")).toContain("ready T");
      expect(without(await client.query(many(rows)))).toEqual(["error 54000", "ready E"]);
      expect(await client.query("SELECT 1")).toEqual(["error 25P02", "ready E"]);
      expect(await client.query("COMMIT")).toEqual(["complete ROLLBACK", "ready I"]);
      await client.query("BEGIN");
      await client.query("INSERT INTO made VALUES (1)");
      const said = await client.ask(extended(many(rows)), sync);
      expect(without(said)).toEqual(["error 54000", "ready E"]);
      expect(await client.query("ROLLBACK")).toEqual(["complete ROLLBACK", "ready I"]);
      expect(await cluster.truth("SELECT FROM made")).toEqual([]);
    },
  );

  test("the record says what left, and why no more", async () => {
    await using client = await ci();
    const text = `${many(300_000)} /* recorded */`;
    await client.query(text);
    const found = await waitFor(
      async () => {
        const reader = cluster.reader();
        for (const parts of (await reader.sessions()).toReversed()) {
          const { commands } = await reader.read(parts, true);
          const one = commands.find(({ asked: { event } }) => event.text === text);
          // What left and what was said of it travel apart.
          const kept = Buffer.concat(one?.rows ?? []).length;
          if (one?.result && kept >= one.result.event.bytes)
            return { rows: one.rows, result: one.result.event };
        }
        return undefined;
      },
      { what: "all of it in the archive", every: 300 },
    );
    expect(found.result).toMatchObject({
      outcome: "executed",
      error: { code: "result-too-large", sqlstate: "54000" },
    });
    expect(found.result.bytes).toBeLessThan(limit + 1000);
    expect(Buffer.concat(found.rows)).toHaveLength(found.result.bytes);
  });
});

test("a row that is larger than the limit is cut before a byte of it leaves", async () => {
  await using client = await ci();
  expect(without(await client.query("SELECT v FROM large"))).toEqual(["error 54000", "ready I"]);
  expect(client.error.message).toContain("more than the");
  expect(without(await client.query("SELECT 1"))).toEqual(["complete SELECT 1", "ready I"]);
});
