import { once } from "node:events";
import { connect } from "node:net";
import { afterAll, beforeAll, expect, onTestFinished, test } from "vitest";
import type { Client } from "pg";
import { waitFor } from "@sallyport/testkit";
import { startCluster, type Cluster } from "./cluster.ts";

/** Runs for minutes, at the target. */
const endless = "SELECT count(*) FROM generate_series(1, 1000000) a, generate_series(1, 1000000) b";
let cluster: Cluster;

beforeAll(async () => {
  cluster = await startCluster({ workers: 2 });
});

afterAll(() => cluster?.stop());

async function session(): Promise<Client> {
  const client = await cluster.connect("ci-runner");
  onTestFinished(() => client.end());
  return client;
}

/** What the client holds to cancel with: the target's process, and a key of the gateway. */
function cancelKey(client: Client): { pid: number; key: number } {
  const { processID, secretKey } = client as Client & { processID: number; secretKey: number };
  return { pid: processID, key: secretKey };
}

/** A CancelRequest on a connection of its own, which the kernel gives to either worker, and which that one closes. */
async function cancel({ pid, key }: { pid: number; key: number }): Promise<void> {
  const socket = connect(cluster.up.address("postgres"));
  const request = Buffer.alloc(16);
  request.writeInt32BE(16, 0);
  request.writeInt32BE(80_877_102, 4);
  request.writeInt32BE(pid, 8);
  request.writeInt32BE(key, 12);
  socket.resume().write(request);
  await once(socket, "close");
}

/**
 * Cancels what the client runs. A worker may give up on another one's answer after two seconds, and then the cancel has
 * found nobody: such a one is said again, as a person would.
 */
async function cancelled(client: Client, end: Promise<unknown>): Promise<unknown> {
  let ended = false;
  const settled = end.finally(() => (ended = true));
  for (let inTime = false; !inTime;) {
    const began = performance.now();
    await cancel(cancelKey(client));
    inTime = performance.now() - began < 2000;
    if (!inTime) await waitFor(() => ended, { what: "its end", timeout: 2000 }).catch(() => false);
    if (ended) break;
  }
  return settled;
}

const runs = async (client: Client): Promise<boolean> =>
  (
    await cluster.truth(
      // Not the gateway's own statement before it.
      `SELECT FROM pg_stat_activity WHERE pid = ${cancelKey(client).pid} AND state = 'active'
         AND query LIKE '%generate_series%'`,
    )
  ).length === 1;

test("I9: a CancelRequest finds its session, at whichever worker either of them is", async () => {
  for (let round = 0; round < 12; round++) {
    const client = await session();
    const end = client.query(endless).catch((cause: unknown) => cause);
    await waitFor(() => runs(client), { what: "the target to be at work" });
    expect(await cancelled(client, end)).toMatchObject({ code: "57014" });
    expect((await client.query("SELECT 1 AS one")).rows).toEqual([{ one: 1 }]);
  }
});

test("a CancelRequest with another key finds nothing", async () => {
  const client = await session();
  const end = client.query(endless).catch((cause: unknown) => cause);
  await waitFor(() => runs(client), { what: "the target to be at work" });
  const { pid, key } = cancelKey(client);
  await Promise.all([key ^ 1, 0, -1, pid].map((other) => cancel({ pid, key: other })));
  // Another session's own, at the same target process.
  await cancel({ pid, key: cancelKey(await session()).key });
  expect(await runs(client)).toBe(true);
  expect(await cancelled(client, end)).toMatchObject({ code: "57014" });
});

test("I9: a command that waits for an approval is cancelled as well, and asks nobody any more", async () => {
  const client = await session();
  const noticed: string[] = [];
  client.on("notice", ({ message }) => noticed.push(message ?? ""));
  const end = client.query("DELETE FROM orders WHERE id = 1001").catch((cause: unknown) => cause);
  const hold = await waitFor(() => /hold ([a-z2-7]{26})/.exec(noticed.join())?.[1], {
    what: "the notice of the hold",
  });
  expect(await cancelled(client, end)).toMatchObject({ code: "57014" });
  const state = await waitFor(
    async () => {
      const [view] = await cluster.sallyJson(["approvals", "show", hold], "alice");
      return view?.["state"] !== "open" && view?.["state"];
    },
    { what: "the hold to be withdrawn", every: 200 },
  );
  expect(state).toBe("withdrawn");
});

test("I9: an operator's kill finds the session, its command ends at the target, and no other session's", async () => {
  const clients = await Promise.all(Array.from({ length: 6 }, () => session()));
  const [victim, ...others] = clients;
  if (!victim) throw new Error("nobody to kill");
  await victim.query("SELECT 'the one to end'");
  const found = await waitFor(() => sessionSaying("the one to end"), {
    what: "the session in the archive",
    every: 300,
  });
  const end = victim.query(endless).catch((cause: unknown) => cause);
  await waitFor(() => runs(victim), { what: "the target to be at work" });
  const killed = await cluster.sally(["sessions", "kill", found, "--reason", "maintenance"]);
  expect(killed).toMatchObject({ code: 0 });
  expect(await end).toMatchObject({
    code: "57P01",
    message: expect.stringContaining("maintenance"),
  });
  await waitFor(async () => !(await runs(victim)), { what: "the target to stop" });
  for (const other of others)
    expect((await other.query("SELECT 1 AS one")).rows).toEqual([{ one: 1 }]);
});

/** The archived session that has a command of this text in it. */
async function sessionSaying(text: string): Promise<string | undefined> {
  const reader = cluster.reader();
  for (const parts of await reader.sessions()) {
    const { commands } = await reader.read(parts);
    if (commands.some(({ asked }) => asked.event.text.includes(text))) return parts.session;
  }
  return undefined;
}

test("I9: a worker that is told to stop ends its idle sessions, and the other takes whoever comes", async () => {
  const { pid } = cluster.worker("w1");
  await Promise.all(["w1", "w2"].map((name) => cluster.serves(cluster.worker(name).pid)));
  // So many that the kernel gives some to either.
  const clients = await Promise.all(Array.from({ length: 32 }, () => session()));
  const ended: string[] = [];
  for (const client of clients)
    client.once("error", (cause) =>
      ended.push("code" in cause ? String(cause.code) : cause.message),
    );
  await cluster.worker("w1").kill("SIGTERM");
  await waitFor(() => ended.length > 0, { what: "sessions of w1 to be told" });
  expect(ended.length).toBeLessThan(clients.length);
  expect(new Set(ended)).toEqual(new Set(["57P01"]));
  expect((await (await session()).query("SELECT 1 AS one")).rows).toEqual([{ one: 1 }]);
  await cluster.worker("w1").replaced(pid);
});
