import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { afterAll, beforeAll, expect, test } from "vitest";
import { toTarget } from "@sallyport/pgwire";
import { waitFor } from "@sallyport/testkit";
import type { Cluster } from "./cluster.ts";
import { startProtocolCluster } from "./protocol-cluster.ts";
import { gateway, RawClient } from "./raw-client.ts";

const { copyData, copyDone, query } = toTarget;

let cluster: Cluster;

beforeAll(async () => {
  cluster = await startProtocolCluster();
  await cluster.truth("SET ROLE shop_app; CREATE TABLE sink (v text)");
});
afterAll(() => cluster?.stop());

const ci = async () => RawClient.open(await gateway(cluster, "ci-runner"));

/** Bytes that the worker holds in memory. */
async function memory(): Promise<number> {
  const status = await readFile(`/proc/${cluster.worker().pid}/status`, "utf8");
  return Number(/VmRSS:\s+(\d+)/.exec(status)?.[1] ?? 0) * 1024;
}

/** Megabytes that the worker's memory grew at most while `act` ran. */
async function growth(act: () => Promise<void>): Promise<number> {
  const start = await memory();
  let most = start;
  const look = async (): Promise<void> => {
    most = Math.max(most, await memory());
  };
  const watch = setInterval(() => void look().catch(() => undefined), 50);
  try {
    await act();
  } finally {
    clearInterval(watch);
  }
  return (most - start) / 1e6;
}

/** Whether the other side takes more within three seconds. */
const drains = (raw: RawClient): Promise<boolean> =>
  once(raw.socket, "drain", { signal: AbortSignal.timeout(3000) }).then(
    () => true,
    () => false,
  );

const most = 6000;
const row = `${"x".repeat(999)}\n`;
const block = copyData(Buffer.from(row.repeat(64)));

async function copyIn(raw: RawClient, blocks: number): Promise<void> {
  raw.send(query("COPY sink FROM STDIN"));
  await raw.until((said) => said.includes("copy-in"));
  for (let sent = 0; sent < blocks; sent++)
    if (!raw.socket.write(block)) await once(raw.socket, "drain");
  raw.send(copyDone);
  const said = await raw.until((all) => all.some((one) => one.startsWith("ready")), 250_000);
  expect(said).toEqual([`complete COPY ${blocks * 64}`, "ready I"]);
}

test("50 MB of COPY data with bounded memory", async () => {
  await using raw = await ci();
  expect(await growth(() => copyIn(raw, 782))).toBeLessThan(400);
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
    expect(grown).toBeLessThan(400);
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
    const blocked =
      "SELECT FROM pg_stat_activity WHERE query LIKE 'SELECT repeat%' AND wait_event = 'ClientWrite'";
    await waitFor(async () => (await cluster.truth(blocked)).length === 1, {
      what: "the target to be slowed down",
      timeout: 120_000,
    });
    await using other = await ci();
    expect(await other.query("SELECT 1")).toContain("row 1");
  });
  expect(grown).toBeLessThan(400);
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
  expect(grown).toBeLessThan(400);
  deaf.socket.destroy();
});
