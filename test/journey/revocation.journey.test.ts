import { rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Client } from "pg";
import { afterAll, beforeAll, expect, test } from "vitest";
import { waitFor } from "@sallyport/testkit";
import { toTarget } from "@sallyport/pgwire";
import { startCluster, type Cluster } from "./cluster.ts";
import { extended, gateway, RawClient } from "./raw-client.ts";

const policies = `@id("all") permit (principal, action, resource);`;

let cluster: Cluster;
beforeAll(async () => {
  cluster = await startCluster({
    policies,
    workers: 2,
    change: (config) => {
      config.archive = { directory: "./archive", every: "1s" };
    },
  });
});
afterAll(() => cluster?.stop());

interface Ended {
  readonly code: string | undefined;
  readonly after: number;
}

/** Keeps a session busy with short statements until it ends; says with which SQLSTATE, and when. */
async function untilEnded(client: Client, began: () => number): Promise<Ended> {
  for (;;) {
    try {
      await client.query("SELECT 1");
    } catch (error) {
      return { code: (error as { code?: string }).code, after: Date.now() - began() };
    }
  }
}

/** Sessions of one principal, at least one on each worker. */
async function sessionsOnBothWorkers(who: string): Promise<Client[]> {
  const clients: Client[] = [];
  await waitFor(
    async () => {
      clients.push(await cluster.connect(who));
      const log = await cluster.log();
      return (
        ["w1", "w2"].every((worker) => log.includes(`"worker":"${worker}"`)) && clients.length >= 8
      );
    },
    { what: "sessions on both workers", timeout: 60_000 },
  );
  return clients;
}

test("I7: a revoked principal's live sessions end within 3 s on every worker, busy or idle, what they have not committed is undone, and its token opens no other", async () => {
  const busy = await sessionsOnBothWorkers("agent");
  const idle = await cluster.connect("agent");
  const other = await cluster.connect("ci-runner");
  const unsynced = await RawClient.open(await gateway(cluster, "agent"));
  const insert = "INSERT INTO orders VALUES (910, 1, 'new', 1, '2026-03-01')";
  unsynced.send(extended(insert), toTarget.flush);
  await unsynced.until((said) => said.includes("complete INSERT 0 1"));
  const idleEnded = new Promise<number>((resolve) => idle.once("end", () => resolve(Date.now())));
  let at = Number.POSITIVE_INFINITY;
  const ends = busy.map((client) => untilEnded(client, () => at));
  const revoked = await cluster.sally(["identity", "revoke", "corp#agent", "--reason", "left"]);
  at = Date.now();
  expect(revoked.code, revoked.stderr).toBe(0);
  const ended = await Promise.all(ends);
  expect(Math.max(...ended.map(({ after }) => after))).toBeLessThan(3000);
  expect((await idleEnded) - at).toBeLessThan(3000);
  // Its Sync comes too late.
  unsynced.send(toTarget.sync);
  expect(await unsynced.ready()).toEqual(["error 28000", "end"]);
  expect(await cluster.truth("SELECT FROM orders WHERE id = 910")).toEqual([]);
  await expect(cluster.connect("agent")).rejects.toMatchObject({ code: "28000" });
  await expect(other.query("SELECT 1")).resolves.toMatchObject({ rowCount: 1 });
  await other.end();
});

test("I7: a revocation outlives the loss of the bus's storage", async () => {
  await cluster.up.stop();
  rmSync(join(cluster.data, "nats"), { recursive: true });
  await cluster.restart();
  // Until a worker has heard of revocations nobody is let in: class 58.
  const refused = await waitFor(
    async () => {
      const cause = await cluster.connect("agent").then(
        () => ({ code: "none" }),
        (error: unknown) => error as { code?: string },
      );
      return !cause.code?.startsWith("58") && cause;
    },
    { what: "the workers to know who is revoked" },
  );
  expect(refused).toMatchObject({ code: "28000" });
  const list = await cluster.sallyJson(["identity", "list"]);
  expect(list.map(({ principal }) => principal)).toContain("corp#agent");
  const restored = await cluster.sally(["identity", "restore", "corp#agent"]);
  expect(restored.code, restored.stderr).toBe(0);
  const again = await waitFor(() => cluster.connect("agent").catch(() => undefined), {
    what: "the restored principal to log in",
  });
  await again.end();
});

test("I7: a bundle that takes connect away ends the sessions that it took it from, and no other", async () => {
  const client = await cluster.connect("agent");
  const other = await cluster.connect("ci-runner");
  const gone = new Promise<void>((resolve) => client.once("end", () => resolve()));
  writeFileSync(
    join(cluster.directory, "policies", "policies.cedar"),
    `${policies}\n@id("no-agents") forbid (principal in Group::"corp/contractors", action == Action::"connect", resource);\n`,
  );
  const applied = await cluster.sally(["apply"]);
  expect(applied.code, applied.stderr).toBe(0);
  await gone;
  await expect(other.query("SELECT 1")).resolves.toMatchObject({ rowCount: 1 });
  await expect(cluster.connect("agent")).rejects.toMatchObject({ code: "28000" });
  await other.end();
});

test("I7: a worker that does not hear authn's beat forwards nothing", async () => {
  const client = await cluster.connect("ci-runner");
  const authn = cluster.service("authn");
  authn.freeze();
  try {
    const refused = await waitFor(
      () =>
        client.query("SELECT 1").then(
          () => undefined,
          (error: unknown) => error as { code?: string; message: string },
        ),
      { what: "commands to be refused" },
    );
    expect(refused.message).toBe("revocations have not been heard of for too long");
  } finally {
    authn.thaw();
  }
  await waitFor(
    () =>
      client.query("SELECT 1").then(
        () => true,
        () => false,
      ),
    {
      what: "commands to pass again",
    },
  );
  await client.end();
});
