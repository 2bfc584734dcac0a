import { once } from "node:events";
import { afterAll, beforeAll, expect, test } from "vitest";
import { toTarget } from "@sallyport/pgwire";
import type { Cluster } from "./cluster.ts";
import { logIn, startWarmCluster, targetIsSlowed } from "./much-traffic.ts";
import { gateway, RawClient } from "./raw-client.ts";
import { growth as grownBy, mostGrowth } from "./worker-memory.ts";

const { copyData, describe, parse, query, sync } = toTarget;

let cluster: Cluster;

beforeAll(async () => {
  cluster = await startWarmCluster();
});
afterAll(() => cluster?.stop());

const ci = () => logIn(cluster);
const growth = (act: () => Promise<unknown>) => grownBy(cluster.worker().pid, act);

/** Whether the other side takes more within three seconds. */
const drains = (raw: RawClient): Promise<boolean> =>
  once(raw.socket, "drain", { signal: AbortSignal.timeout(3000) }).then(
    () => true,
    () => false,
  );

const most = 6000;
const row = `${"x".repeat(999)}\n`;
const block = copyData(Buffer.from(row.repeat(64)));

test("a client that asks without end, and reads nothing, holds nobody else up", async () => {
  await using other = await ci();
  for (const message of [describe("statement", "s"), sync]) {
    await using raw = await ci();
    await raw.ask(parse("s", "SELECT 1"), sync);
    raw.socket.pause();
    raw.send(Buffer.concat(Array.from<Buffer>({ length: 500_000 }).fill(message)));
    for (let n = 0; n < 10; n++) expect(await other.query("SELECT 1")).toContain("row 1");
  }
});

test("a target that takes nothing slows the client, not the worker", async () => {
  await using raw = await ci();
  raw.send(query("SET application_name = 'stopped'"));
  await raw.ready();
  const [backend] = await cluster.truth<{ pid: number }>(
    "SELECT pid FROM pg_stat_activity WHERE application_name = 'stopped'",
  );
  const pid = backend?.pid ?? 0;
  raw.send(query("COPY sink FROM STDIN"));
  await raw.until((said) => said.includes("copy-in"));
  process.kill(pid, "SIGSTOP");
  try {
    const grown = await growth(async () => {
      let written = 0;
      for (; written < most; written++) if (!raw.socket.write(block) && !(await drains(raw))) break;
      expect(written).toBeLessThan(most);
    });
    expect(grown).toBeLessThan(mostGrowth);
    await using other = await ci();
    expect(await other.query("SELECT 1")).toContain("row 1");
  } finally {
    process.kill(pid, "SIGCONT");
  }
});

test("a client that does not read costs nobody anything", async () => {
  await using slow = await ci();
  slow.socket.pause();
  const grown = await growth(async () => {
    slow.send(query("SELECT repeat('y', 1000), n FROM generate_series(1, 1000000) AS n"));
    await targetIsSlowed(cluster, "SELECT repeat%");
    await using other = await ci();
    expect(await other.query("SELECT 1")).toContain("row 1");
  });
  expect(grown).toBeLessThan(mostGrowth);
  const { pid, key } = slow.keyData;
  await RawClient.cancel(await gateway(cluster, "ci-runner"), pid, key);
  slow.socket.resume();
  const said = await slow.until((all) => all.some((one) => one.startsWith("ready")), 120_000);
  expect(said.at(-2)).toBe("error 57014");
});

test("a client that asks for refusals and does not read them is not listened to", async () => {
  await using deaf = await ci();
  deaf.socket.pause();
  const refused = Buffer.concat(Array.from({ length: 1000 }, () => query("SELEC 1")));
  const grown = await growth(async () => {
    for (let sent = 0; sent < 400; sent++)
      if (!deaf.socket.write(refused) && !(await drains(deaf))) break;
  });
  expect(grown).toBeLessThan(mostGrowth);
  deaf.socket.destroy();
});
