import { afterAll, beforeAll, expect, test } from "vitest";
import { sessionLine } from "@sallyport/evidence";
import { toTarget } from "@sallyport/pgwire";
import { waitFor } from "@sallyport/testkit";
import { startCluster, type Cluster } from "./cluster.ts";
import { gateway, RawClient } from "./raw-client.ts";

let cluster: Cluster;

beforeAll(async () => {
  cluster = await startCluster({
    workers: 2,
    policies: '@id("all") permit (principal, action, resource in Connection::"shop");',
    jobs: {
      "ci-runner": { groups: ["ci"], owner: "bob" },
      batch: { groups: ["ci"], owner: "bob" },
    },
    change(config) {
      config.limits = {
        verdict: "20s",
        sessions_per_principal: 3,
        sessions_per_connection: 4,
        idle: "2s",
        idle_in_transaction: "500ms",
        session: "20s",
      };
    },
  });
});
afterAll(() => cluster?.stop());

const open = async (who = "ci-runner") => RawClient.open(await gateway(cluster, who));

const failed = (said: readonly string[]): boolean => said.some((one) => one.startsWith("error"));

/** Which reason a session of the archive was closed for. */
const closedBy = (reason: string, principal = "corp#ci-runner") =>
  waitFor(
    async () => {
      const reader = cluster.reader();
      for (const one of await reader.sessions()) {
        if (sessionLine(one).principal !== principal) continue;
        const { events } = await reader.read(one);
        if (events.some(({ event }) => event.type === "close" && event.reason === reason))
          return true;
      }
      return undefined;
    },
    { timeout: 120_000, what: `a session closed by ${reason}`, every: 200 },
  );

// These two have three sessions together, which is as many as a principal may have.
test.concurrent("an idle session ends with 57P05, one idle in a transaction with 25P03, and the evidence says so", async () => {
  await using idle = await open();
  await using held = await open();
  expect(await held.query("BEGIN")).toContain("ready T");
  await held.query("SELECT 1");
  await held.until(failed);
  expect(held.error).toMatchObject({
    sqlstate: "25P03",
    severity: "FATAL",
    message: "the session was idle inside a transaction for 500ms",
  });
  await idle.until(failed);
  expect(idle.error).toMatchObject({ sqlstate: "57P05", message: "the session was idle for 2s" });
  await closedBy("session-idle");
  await closedBy("idle-in-transaction");
});

test.concurrent("a COPY that waits for its client's data is idle in a transaction; what came of it is undone, and in the evidence", async () => {
  await using stalled = await open("batch");
  stalled.send(toTarget.query("COPY orders FROM STDIN"));
  await stalled.until((said) => said.includes("copy-in"));
  stalled.send(toTarget.copyData(Buffer.from("970\t1\tnew\t1\t2026-03-01\n97")));
  await stalled.until(failed);
  expect(stalled.error).toMatchObject({ sqlstate: "25P03", severity: "FATAL" });
  const { commands } = await cluster.recorded((one) => one["principal"] === "corp#batch");
  expect(commands.at(-1)?.result?.event).toMatchObject({
    outcome: "unknown",
    input: { bytes: 30, parts: 1 },
    error: { code: "idle-in-transaction" },
  });
  expect(await cluster.truth("SELECT FROM orders WHERE id = 970")).toEqual([]);
});

test.concurrent("a session that works is not idle, and ends when it is too old", async () => {
  await using busy = await open();
  expect(await busy.query("SELECT pg_sleep(1.5)")).toContain("ready I");
  busy.send(toTarget.query("SELECT pg_sleep(60)"));
  await busy.until(failed);
  expect(busy.error).toMatchObject({
    sqlstate: "57P01",
    message: "the session is as old as it may get: 20s",
  });
  await closedBy("session-too-long");
});

test("sessions are counted by principal and by connection, on all workers together", async () => {
  const sessions: RawClient[] = [];
  try {
    const busy = async (who?: string) => {
      const session = await open(who);
      sessions.push(session);
      session.send(toTarget.query("SELECT pg_sleep(60)"));
    };
    // A worker counts the others' sessions as they last told.
    const refusal = (who: string) =>
      waitFor(async () => (await cluster.psql(who, "SELECT 1")).stderr, { what: "a refusal" });
    for (let n = 0; n < 3; n++) await busy();
    expect(await refusal("ci-runner")).toContain(
      "principal `corp#ci-runner` has as many sessions as it may have: 3",
    );
    await busy("batch");
    expect(await refusal("batch")).toContain(
      "connection `shop` has as many sessions as it may have: 4",
    );
  } finally {
    for (const session of sessions) await session[Symbol.asyncDispose]();
  }
  await waitFor(async () => (await cluster.psql("ci-runner", "SELECT 1")).stdout === "1\n", {
    what: "a session after the others left",
  });
  await closedBy("too-many-sessions");
});
