import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { DatabaseError, type Client } from "pg";
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { waitFor } from "@sallyport/testkit";
import { startCluster, type Cluster } from "./cluster.ts";

const remove = "DELETE FROM orders WHERE id = $1";
let cluster: Cluster;

beforeAll(async () => {
  cluster = await startCluster({
    jobs: {
      "ci-runner": { groups: ["ci"], owner: "bob" },
      "ci-deployer": { groups: ["ci"], owner: "bob" },
    },
  });
});

afterAll(() => cluster?.stop());

/** A job's session, until the test's end. */
async function session(who = "ci-runner"): Promise<Client> {
  const client = await cluster.connect(who);
  onTestFinished(() => client.end());
  return client;
}

/** Asks where a hold cannot wait, and gives the id under which it may be approved. */
async function held(client: Client, text: string, values?: unknown[]): Promise<string> {
  await client.query("BEGIN");
  const refused: unknown = await client.query(text, values).then(
    () => "it ran",
    (cause: unknown) => cause,
  );
  await client.query("ROLLBACK");
  const hold =
    refused instanceof DatabaseError ? /hold ([a-z2-7]{26})/.exec(refused.message)?.[1] : undefined;
  if (hold === undefined) throw new Error(`it was not held: ${String(refused)}`);
  return hold;
}

/** Sends a command that waits, and gives its hold, its end and what it was told. */
async function waiting(
  client: Client,
  text: string,
  values?: unknown[],
): Promise<{ hold: string; end: Promise<string>; noticed: readonly string[] }> {
  const noticed: string[] = [];
  client.on("notice", ({ message }) => noticed.push(message ?? ""));
  const end = client.query(text, values).then(
    ({ command, rowCount }) => `${command} ${rowCount}`,
    (cause: unknown) => String(cause),
  );
  let ended = "";
  void end.then((said) => (ended = said));
  // A wait that is short may be over before its notice is heard; what it ends with names the hold, too.
  const hold = await waitFor(() => /hold ([a-z2-7]{26})/.exec(noticed.join() + ended)?.[1], {
    what: "the notice of the hold",
  });
  return { hold, end, noticed };
}

const exists = async (id: number): Promise<boolean> =>
  (await cluster.truth(`SELECT FROM orders WHERE id = ${id}`)).length === 1;

test("I4: an approval that nobody waits for lets the same command pass, once", async () => {
  const client = await session();
  const hold = await held(client, remove, [1001]);
  expect(await cluster.approve(hold, "alice")).toMatchObject({ code: 0 });
  expect((await client.query(remove, [1001])).rowCount).toBe(1);
  expect(await exists(1001)).toBe(false);
  expect(await held(client, remove, [1001])).not.toBe(hold);
});

describe("I4: an approval fits", () => {
  let hold: string;
  beforeAll(async () => {
    await using client = await cluster.connect("ci-runner");
    hold = await held(client, remove, [1002]);
    await cluster.approve(hold, "alice");
  });

  test.each<[what: string, text: string, values: unknown[] | undefined]>([
    ["another value", remove, [1003]],
    ["another value of the same number", remove, ["01002"]],
    ["another text", `${remove} `, [1002]],
    ["the value written out, as a simple query", "DELETE FROM orders WHERE id = 1002", undefined],
    ["a wider condition", `${remove} OR true`, [1002]],
  ])("not %s", async (_, text, values) => {
    expect(await held(await session(), text, values)).not.toBe(hold);
  });

  test("not the same command of another principal", async () => {
    expect(await held(await session("ci-deployer"), remove, [1002])).not.toBe(hold);
  });

  test("not the same text where its name means another table", async () => {
    // Through the gateway, so that its catalog follows.
    await (await session("alice")).query("CREATE SCHEMA other");
    await (await session("alice")).query("CREATE TABLE other.orders (id integer)");
    const client = await session();
    await client.query("SET search_path = other, public");
    expect(await held(client, remove, [1002])).not.toBe(hold);
  });

  test("the command that was approved, in another session of its principal", async () => {
    expect((await (await session()).query(remove, [1002])).rowCount).toBe(1);
  });
});

test("I4: of many that wait for one hold, one approval lets one pass", async () => {
  const statement = "DELETE FROM orders WHERE status = 'shipped' AND id > 1004";
  const clients = await Promise.all(Array.from({ length: 4 }, () => session()));
  const all = await Promise.all(clients.map((client) => waiting(client, statement)));
  const [{ hold } = { hold: "" }] = all;
  expect(new Set(all.map((one) => one.hold))).toEqual(new Set([hold]));
  const ends: string[] = [];
  for (const { end } of all) void end.then((text) => ends.push(text));
  expect(await cluster.approve(hold, "alice")).toMatchObject({ code: 0 });
  await waitFor(() => ends.length > 0, { what: "one of them to run" });
  const open = await waitFor(
    async () => {
      const listed = await cluster.sallyJson(["approvals", "list"], "alice");
      const next = listed.find((one) => one["command"] === statement && one["waiting"] === 3);
      return next && next["hold"] !== hold ? String(next["hold"]) : undefined;
    },
    { what: "the others to wait for the next hold", every: 200 },
  );
  expect(ends).toEqual(["DELETE 2"]);
  const told = (): number =>
    all.filter(({ noticed }) => noticed.some((text) => text.includes(`the next one: hold ${open}`)))
      .length;
  await waitFor(() => told() === 3, { what: "those who still wait to be told what for" });
  expect(await cluster.deny(open, "alice")).toMatchObject({ code: 0 });
  await Promise.all(all.map(({ end }) => end));
  expect(ends.filter((text) => text.includes("the approval was denied"))).toHaveLength(3);
});

test("I4: a workload never approves, its own request least of all; nor does whoever is not asked", async () => {
  const hold = await held(await session(), remove, [1004]);
  for (const who of ["ci-runner", "ci-deployer", "bob", "carol"])
    expect(await cluster.approve(hold, who), who).toMatchObject({ code: 1 });
  const [view] = await cluster.sallyJson(["approvals", "show", hold], "alice");
  expect(view).toMatchObject({ state: "open", answers: [] });
});

test("I4: an approval counts no longer when the policy that asked for it says something else", async () => {
  const client = await session();
  const hold = await held(client, remove, [1005]);
  expect(await cluster.approve(hold, "alice")).toMatchObject({ code: 0 });
  const file = join(cluster.directory, "policies", "shop.cedar");
  const text = await readFile(file, "utf8");
  await writeFile(file, text.replace("deleted rows are gone", "rows that are deleted are gone"));
  expect(await cluster.sally(["apply"])).toMatchObject({ code: 0 });
  expect(await held(client, remove, [1005])).not.toBe(hold);
  expect(await exists(1005)).toBe(true);
});

/** Approves whatever the client is told that it waits for, until it waits no longer. */
async function approvedThrough(
  noticed: readonly string[],
  end: Promise<string>,
): Promise<readonly string[]> {
  const approved = new Set<string>();
  let ended = false;
  void end.then(() => (ended = true));
  await waitFor(
    async () => {
      for (const [, hold = ""] of noticed.join().matchAll(/hold ([a-z2-7]{26})/g)) {
        if (approved.has(hold)) continue;
        approved.add(hold);
        expect(await cluster.approve(hold, "alice")).toMatchObject({ code: 0 });
      }
      return ended;
    },
    { what: "the end of what waited", every: 50 },
  );
  return [...approved];
}

test("I4: what waits while the target changes is read anew: no approval of what its text meant before lets it pass", async () => {
  const dba = await session("alice");
  await dba.query("CREATE VIEW cleared AS SELECT id FROM orders WHERE id = 1010");
  const { hold, end, noticed } = await waiting(await session(), "DELETE FROM cleared");
  await dba.query("CREATE TABLE kept (id integer)");
  await dba.query("INSERT INTO kept VALUES (1), (2)");
  await dba.query("DROP VIEW cleared");
  await dba.query("CREATE VIEW cleared AS SELECT id FROM kept");
  expect(await cluster.approve(hold, "alice")).toMatchObject({ code: 0 });
  const next = await waitFor(
    () => /hold ([a-z2-7]{26})/.exec(noticed.join().replaceAll(hold, ""))?.[1],
    { what: "the hold of what it means now" },
  );
  const [asked] = await cluster.sallyJson(["approvals", "show", next], "alice");
  expect(JSON.stringify(asked?.["operations"])).toContain("public.kept");
  expect(await cluster.truth("SELECT FROM kept")).toHaveLength(2);
  expect(await cluster.deny(next, "alice")).toMatchObject({ code: 0 });
  expect(await end).toContain("denied");
  expect(await cluster.truth("SELECT FROM kept")).toHaveLength(2);
});

test("what waits while something else of the target changes runs once, on what was approved", async () => {
  const { end, noticed } = await waiting(await session(), "DELETE FROM orders WHERE id = 1008");
  await (await session("alice")).query("CREATE TABLE of_no_concern (id integer)");
  await approvedThrough(noticed, end);
  expect(await end).toBe("DELETE 1");
});

test("denied, the client hears who and why, and the command never runs", async () => {
  const { hold, end } = await waiting(await session(), remove, [1007]);
  const denied = await cluster.sally(["approvals", "deny", hold, "--reason", "not today"], "alice");
  expect(denied.code).toBe(0);
  expect(await end).toContain(`the approval was denied: hold ${hold}`);
  expect(await exists(1007)).toBe(true);
});

test("nobody answers in time: it says so, and a late answer counts for nothing", async () => {
  const file = join(cluster.directory, "policies", "short.cedar");
  await writeFile(
    file,
    '@id("quick") @hold("corp/dba") @wait("1s") @ttl("2s")\n' +
      'forbid (principal, action == Action::"truncate", resource);\n',
  );
  expect(await cluster.sally(["apply"])).toMatchObject({ code: 0 });
  const client = await session();
  const { hold, end } = await waiting(client, "TRUNCATE orders");
  expect(await end).toMatch(/nobody approved in time|needs an approval/);
  await waitFor(
    async () => {
      const [view] = await cluster.sallyJson(["approvals", "show", hold], "alice");
      return view?.["state"] === "expired";
    },
    { what: "the hold to expire", every: 200 },
  );
  expect(await cluster.approve(hold, "alice")).toMatchObject({ code: 1 });
  expect(await held(client, "TRUNCATE orders")).not.toBe(hold);
});

test("policy and approval are killed while a command waits: it is answered all the same", async () => {
  const { hold, end } = await waiting(await session(), remove, [1009]);
  for (const name of ["policy", "approval"]) {
    const { pid } = cluster.service(name);
    await cluster.service(name).kill();
    await cluster.service(name).replaced(pid);
  }
  await waitFor(async () => (await cluster.approve(hold, "alice")).code === 0, {
    what: "approval to take the answer",
    every: 200,
  });
  expect(await end).toBe("DELETE 1");
});
