import { afterAll, beforeAll, expect, test } from "vitest";
import { checkSession } from "@sallyport/evidence";
import { toTarget } from "@sallyport/pgwire";
import { waitFor } from "@sallyport/testkit";
import type { Cluster } from "./cluster.ts";
import { startProtocolCluster } from "./protocol-cluster.ts";
import { bare, extended, gateway, RawClient } from "./raw-client.ts";

const { copyData, copyDone, flush, sync, query } = toTarget;

let cluster: Cluster;

beforeAll(async () => {
  cluster = await startProtocolCluster({
    change: (config) => {
      // Soon enough for those who wait here for one that hangs.
      config.limits = { verdict: "2s", output: "1MiB" };
    },
  });
});
afterAll(() => cluster?.stop());

const open = async () => RawClient.open(await gateway(cluster, "ci-runner"));
const ci = () => waitFor(open, { what: "a session", every: 300 });
const insert = (id: number) => `INSERT INTO orders VALUES (${id}, 1, 'new', 1, '2026-03-01')`;
/** What the target was told, by its own log. */
const told = async (text: string) =>
  (await cluster.target.statements()).filter((one) => one.text.includes(text)).length;
const there = async (id: number) =>
  (await cluster.truth(`SELECT FROM orders WHERE id = ${id}`)).length === 1;
const works = (raw: RawClient) =>
  waitFor(async () => (await raw.query("SELECT 1")).includes("row 1"), {
    what: "the same session to work again",
    every: 300,
  });

const parts = ["policy", "nats-server", "authn"] as const;

test.each(parts)(
  "%s hangs: a clear error, nothing reaches the target; then all is well",
  async (service) => {
    await using raw = await ci();
    await using inTransaction = await ci();
    await inTransaction.query("BEGIN");
    await using copying = await ci();
    copying.send(query("COPY orders FROM STDIN"));
    await copying.until((said) => said.length > 0);
    const base = 100 * (parts.indexOf(service) + 1);
    await using unsynced = await ci();
    unsynced.send(extended(insert(base + 4)), flush);
    await unsynced.until((said) => said.includes("complete INSERT 0 1"));
    const part = cluster.service(service);
    let atOnce: string[] | null = null;
    let committed: string[] | null = null;
    part.freeze();
    try {
      // authn's silence counts after two seconds.
      const code = await waitFor(
        async () => {
          const said = await raw.query(`SELECT ${base} AS hung`);
          return said.at(-2)?.startsWith("error") ? raw.error.sqlstate : undefined;
        },
        { what: "the refusal", every: 200 },
      );
      expect(code).toMatch(/^58/);
      expect(raw.error.hint).toBeTruthy();
      expect(await raw.query(insert(base))).toEqual([`error ${raw.error.sqlstate}`, "ready I"]);
      const said = await raw.ask(extended(insert(base + 1)), sync);
      expect(said).toEqual([`error ${raw.error.sqlstate}`, "ready I"]);
      expect(await inTransaction.query(insert(base + 2))).toEqual([
        `error ${inTransaction.error.sqlstate}`,
        "ready E",
      ]);
      expect(inTransaction.error.sqlstate).toMatch(/^58/);
      copying.send(copyData(Buffer.from(`${base + 3}\t1\tnew\t1\t2026-03-01\n`)), copyDone);
      // Its command was judged, and policy is asked nothing more.
      atOnce = service === "policy" ? await copying.ready() : null;
      unsynced.send(sync);
      committed = service === "policy" ? await unsynced.ready() : null;
      for (let left = 3; left > 0; left--)
        expect(await raw.query(insert(base))).toEqual([`error ${raw.error.sqlstate}`, "ready I"]);
      for (const id of [base + 3, base + 4]) expect(await there(id)).toBe(service === "policy");
    } finally {
      part.thaw();
    }
    await works(raw);
    expect(atOnce ?? (await copying.ready())).toEqual(["complete COPY 1", "ready I"]);
    expect(committed ?? (await unsynced.ready())).toEqual(["ready I"]);
    for (const id of [base + 3, base + 4]) expect(await there(id)).toBe(true);
    expect(await inTransaction.query("COMMIT")).toEqual(["complete ROLLBACK", "ready I"]);
    for (const id of [base, base + 1, base + 2]) expect(await told(insert(id))).toBe(0);
  },
);

test("a client leaves before its Sync: nothing of it is committed, as without a gateway, and the evidence says so", async () => {
  const text = "INSERT INTO orders SELECT 910, 1, 'new', 1, '2026-03-01' FROM pg_sleep(1)";
  const atWork = `SELECT FROM pg_stat_activity WHERE query = '${text.replaceAll("'", "''")}'`;
  const working = (count: number) =>
    waitFor(async () => (await cluster.truth(atWork)).length === count, { what: "work" });
  for (const to of [await gateway(cluster, "free"), bare(cluster)]) {
    const raw = await RawClient.open(to);
    raw.send(extended(text), flush);
    await working(1);
    raw.socket.destroy();
    await working(0);
    expect(await there(910)).toBe(false);
  }
  const recorded = await waitFor(
    async () => {
      const reader = cluster.reader();
      for (const one of await reader.sessions()) {
        const { commands, events } = await reader.read(one);
        const command = commands.find(({ asked }) => asked.event.text === text);
        const own = events.flatMap(({ event }) => (event.type === "own" ? [event.purpose] : []));
        if (command?.result) return { outcome: command.result.event.outcome, last: own.at(-1) };
      }
      return undefined;
    },
    { what: "the command in the archive", every: 300 },
  );
  expect(recorded).toEqual({ outcome: "executed", last: "fail-transaction" });
});

test("the target ends a session: its own words, then the end; another session begins", async () => {
  await using raw = await RawClient.open(await gateway(cluster, "free"));
  raw.send(query("SELECT pg_sleep(60)"));
  const sleeping = "SELECT pid FROM pg_stat_activity WHERE query LIKE 'SELECT pg_sleep(60)%'";
  const [backend] = await waitFor(
    async () => {
      const found = await cluster.truth<{ pid: number }>(sleeping);
      return found.length > 0 ? found : undefined;
    },
    { what: "the session to be at work" },
  );
  await cluster.truth(`SELECT pg_terminate_backend(${backend?.pid ?? 0})`);
  expect(await raw.ready()).toEqual(["columns pg_sleep", "error 57P01", "end"]);
  await using again = await ci();
  expect(await again.query("SELECT 1")).toContain("row 1");
});

test("the target is killed and comes back: sessions end with an error, new ones work", async () => {
  await using raw = await RawClient.open(await gateway(cluster, "free"));
  raw.send(query("SELECT pg_sleep(60)"));
  const sleeping = "SELECT FROM pg_stat_activity WHERE query LIKE 'SELECT pg_sleep(60)%'";
  await waitFor(async () => (await cluster.truth(sleeping)).length > 0, { what: "work" });
  await cluster.target.kill("SIGKILL");
  const said = await raw.ready();
  expect(said.at(-1)).toBe("end");
  expect(raw.error.sqlstate).toMatch(/^(08006|57P0[12])$/);
  await expect(open()).rejects.toThrow(/end/);
  await cluster.target.start();
  await using again = await ci();
  expect(await again.query("SELECT email FROM customers WHERE id = 1")).toContain(
    "row a***@example.com",
  );
});

test("I1, I6: a worker is killed before a session's last rows are stored: its client has them all, the evidence says which it lacks", async () => {
  const recorder = cluster.service("recorder");
  const worker = cluster.worker();
  const text = "SELECT encode(sha512(n::text::bytea), 'hex') FROM generate_series(1, 24000) AS n";
  recorder.freeze();
  try {
    // More than OUTPUT takes, packed, and less than may leave unstored.
    const client = await cluster.connect("free");
    expect((await client.query(text)).rows).toHaveLength(24_000);
    await client.end();
    // What the worker publishes now is stored after that session's end.
    await using another = await ci();
    expect(await another.query("SELECT 1")).toContain("row 1");
    const { pid } = worker;
    await worker.kill();
    await worker.replaced(pid);
  } finally {
    recorder.thaw();
  }
  const findings = await waitFor(
    async () => {
      const reader = cluster.reader();
      for (const one of await reader.sessions()) {
        const record = await reader.read(one, true);
        const command = record.commands.find(({ asked }) => asked.event.text === text);
        if (command?.result) return checkSession(record);
      }
      return undefined;
    },
    { what: "the session in the archive", every: 300 },
  );
  expect(findings.map(({ code }) => code)).toContain("output-missing");
});
