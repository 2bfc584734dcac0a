import { rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { checkChain } from "@sallyport/evidence";
import { readSigningPublicKey } from "@sallyport/runtime";
import { afterAll, beforeAll, expect, test } from "vitest";
import { hasPsql, waitFor } from "@sallyport/testkit";
import { startCluster, type Cluster } from "./cluster.ts";

const sql = "SELECT name FROM customers WHERE id = 1";
const row = "Ada Brandt\n";
let cluster: Cluster;

beforeAll(async () => {
  cluster = await startCluster({
    workers: 2,
    change: (config) => {
      // Soon enough for those who wait here for one that is frozen.
      config.limits = { verdict: "2s" };
    },
  });
});

afterAll(async () => {
  await cluster.stop();
});

/** What a new client gets, within the time that a restart may take. */
function served(): Promise<string> {
  return waitFor(
    async () => {
      const { stdout, code } = await cluster.psql("ci-runner", sql);
      return code === 0 && stdout;
    },
    { what: "a client to be served again", timeout: 90_000, every: 200 },
  );
}

test.skipIf(!hasPsql())("with psql: two workers share one port, and either serves", async () => {
  const { pid } = cluster.worker("w1");
  expect(cluster.worker("w2").pid).not.toBe(pid);
  await cluster.worker("w1").kill();
  expect(await cluster.psql("ci-runner", sql)).toMatchObject({ stdout: row, code: 0 });
  await cluster.worker("w1").replaced(pid);
  expect(await served()).toBe(row);
});

test.skipIf(!hasPsql()).each(["policy", "approval", "recorder", "authn", "nats-server"])(
  "with psql: %s is killed; it is started again, and a client is served",
  async (service) => {
    const { pid } = cluster.service(service);
    await cluster.service(service).kill();
    await cluster.service(service).replaced(pid);
    expect(await served()).toBe(row);
  },
);

test("while policy is frozen a command is refused, and says so; thawed, it runs", async () => {
  await using client = await cluster.connect("ci-runner");
  const policy = cluster.service("policy");
  policy.freeze();
  try {
    await expect(client.query(sql)).rejects.toMatchObject({
      code: "58000",
      message: expect.stringContaining("policy did not answer"),
    });
  } finally {
    policy.thaw();
  }
  await waitFor(async () => (await client.query(sql)).rows.length === 1, {
    what: "the same session to go on",
  });
});

test("while the bus is frozen a command is refused, and says so; thawed, it runs", async () => {
  await using client = await cluster.connect("ci-runner");
  const { nats } = cluster;
  nats.freeze();
  try {
    await expect(client.query(sql)).rejects.toMatchObject({ code: expect.stringMatching(/^58/) });
  } finally {
    nats.thaw();
  }
  await waitFor(async () => (await client.query(sql)).rows.length === 1, {
    what: "the same session to go on",
  });
});

test("what was decided outlives a restart: who is revoked stays out", async () => {
  expect(await cluster.sally(["identity", "revoke", "corp#agent"])).toMatchObject({ code: 0 });
  await cluster.restart();
  expect(await served()).toBe(row);
  await expect(cluster.connect("agent")).rejects.toThrow("the principal is revoked");
  expect(await cluster.sally(["identity", "restore", "corp#agent"])).toMatchObject({ code: 0 });
  await waitFor(async () => (await cluster.psql("agent", "SELECT 1")).stdout === "1\n", {
    what: "the agent to be let in again",
  });
});

test("the bus loses its storage: it is set up again, whoever is connected goes on, and a new policy process is believed", async () => {
  const said = async (text: string): Promise<boolean> => (await cluster.log()).includes(text);
  let applied: unknown;
  for (const n of [1, 2]) {
    const policies = join(cluster.directory, "policies", `more-${n}.cedar`);
    await writeFile(
      policies,
      `@id("more-${n}") permit (principal, action, resource == Table::"shop/public.none");`,
    );
    applied = (await cluster.sallyJson(["apply"]))[0]?.["revision"];
  }
  // Who judges by it next may do so after it was lost.
  await waitFor(
    async () => {
      const page = await fetch(`http://${cluster.up.listen["recorder"]}/readyz`);
      return new RegExp(`"bundle":${String(applied)}\\b`).test(await page.text());
    },
    { what: "the recorder to keep the bundle" },
  );
  await using client = await cluster.connect("ci-runner");
  const { nats } = cluster;
  const { pid } = nats;
  nats.freeze();
  await rm(join(cluster.data, "nats", "store"), { recursive: true });
  await nats.kill();
  await nats.replaced(pid);
  const policy = cluster.service("policy");
  await waitFor(() => said("the bus has lost its storage"), { what: "that it is said" });
  const serves = (what: string) =>
    waitFor(async () => (await client.query(sql)).rows.length === 1, { what });
  await serves("the same session to go on");
  await waitFor(() => said('"alarm":"bundle-set-back"'), { what: "the alarm" });
  const before = policy.pid;
  await policy.kill();
  await policy.replaced(before);
  await serves("the same session to go on with a new policy process");
  expect(await served()).toBe(row);
  const key = readSigningPublicKey(join(cluster.data, "keys"));
  const findings = await waitFor(
    async () => {
      const chain = await checkChain(cluster.archive, 0, key);
      return chain.findings.length > 0 && chain.findings;
    },
    { what: "the archive to say so, too", every: 200 },
  );
  expect(new Set(findings.map(({ code }) => code))).toEqual(new Set(["set-back"]));
});
