import { afterAll, beforeAll, expect, test } from "vitest";
import { checkSession } from "@sallyport/evidence";
import { toTarget } from "@sallyport/pgwire";
import { hasPsql, waitFor } from "@sallyport/testkit";
import type { Cluster } from "./cluster.ts";
import { startProtocolCluster } from "./protocol-cluster.ts";
import { extended, gateway, RawClient, type RawOptions } from "./raw-client.ts";

const { query, sync, terminate, flush } = toTarget;

let cluster: Cluster;
let options: RawOptions;

beforeAll(async () => {
  cluster = await startProtocolCluster();
  options = await gateway(cluster, "ci-runner");
});
afterAll(() => cluster?.stop());

const ci = () => RawClient.open(options);
const there = async (id: number) =>
  (await cluster.truth(`SELECT FROM orders WHERE id = ${id}`)).length === 1;
const remove = (id: number) => `DELETE FROM orders WHERE id = ${id}`;

/** Waits for the notice of a hold, and gives its id. */
async function held(raw: RawClient): Promise<string> {
  const said = await raw.until((all) => all.some((one) => one.startsWith("notice")));
  expect(said).toContain("notice 00000");
  const hold = /hold ([a-z2-7]{26})/.exec(raw.notice?.message ?? "")?.[1];
  if (hold === undefined) throw new Error(`no hold in \`${raw.notice?.message ?? ""}\``);
  return hold;
}
const seen = async (hold: string) =>
  (await cluster.sallyJson(["approvals", "show", hold], "alice"))[0];

test("the notice says what for, whose answer, the id and the time left; approved, it runs", async () => {
  await using raw = await ci();
  raw.send(query(remove(1001)));
  const hold = await held(raw);
  const { message, detail, hint } = raw.notice ?? {};
  expect(message).toMatch(/^waiting for an approval: hold [a-z2-7]{26}, [45] min left$/);
  expect(detail).toBe("policy deletes-need-a-dba asks one person of corp/dba");
  expect(hint).toContain(`sally approvals approve ${hold}`);
  await cluster.approve(hold, "alice");
  expect(await raw.ready()).toEqual(["complete DELETE 1", "ready I"]);
  expect(await there(1001)).toBe(false);
});

test("denied, it is an error, and the session goes on", async () => {
  await using raw = await ci();
  raw.send(query(remove(1002)));
  await cluster.deny(await held(raw), "alice");
  expect(await raw.ready()).toEqual(["error 42501", "ready I"]);
  expect(await raw.query("SELECT 1")).toContain("row 1");
  expect(await there(1002)).toBe(true);
});

test("held in the extended protocol; what comes behind it waits and is answered in order", async () => {
  await using raw = await ci();
  raw.send(extended(remove(1003)), sync);
  const hold = await held(raw);
  raw.send(extended("SELECT 5"), sync, query("SELECT 6"), flush);
  await cluster.approve(hold, "alice");
  const said = await raw.ready(3);
  expect(said.filter((one) => /row|complete [A-Z]|ready/.test(one))).toEqual([
    "complete DELETE 1",
    "ready I",
    "row 5",
    "complete SELECT 1",
    "ready I",
    "row 6",
    "complete SELECT 1",
    "ready I",
  ]);
});

test("denied in the extended protocol, what belongs to it is passed over up to its Sync", async () => {
  await using raw = await ci();
  raw.send(extended(remove(1004)), extended("SELECT 5"), sync, extended("SELECT 6"), sync);
  await cluster.deny(await held(raw), "alice");
  const said = await raw.ready(2);
  expect(said.slice(0, 2)).toEqual(["error 42501", "ready I"]);
  expect(said).toContain("row 6");
  expect(said).not.toContain("row 5");
});

test("a cancel ends the wait with 57014, withdraws the hold, and the session goes on", async () => {
  await using raw = await ci();
  raw.send(query(remove(1004)));
  const hold = await held(raw);
  const { pid, key } = raw.keyData;
  await RawClient.cancel(options, pid, key);
  expect(await raw.ready()).toEqual(["error 57014", "ready I"]);
  expect(await raw.query("SELECT 1")).toContain("row 1");
  await waitFor(async () => (await seen(hold))?.["state"] === "withdrawn", {
    what: "the withdrawal",
  });
  expect(await cluster.approve(hold, "alice")).toMatchObject({ code: 1 });
  expect(await there(1004)).toBe(true);
});

test.each(["Terminate", "a lost connection"])("%s ends the wait, nothing runs", async (how) => {
  const raw = await ci();
  const id = how === "Terminate" ? 1005 : 1006;
  raw.send(query(remove(id)));
  const hold = await held(raw);
  if (how === "Terminate") raw.send(terminate);
  raw.socket.destroy();
  await waitFor(async () => (await seen(hold))?.["waiting"] === 0, { what: "nobody to wait" });
  const answered = await cluster.approve(hold, "alice");
  // Approved all the same, the same command may pass once later; nothing ran by itself.
  expect(await there(id)).toBe(true);
  expect(answered.code).toBeLessThanOrEqual(1);
});

test("in a transaction it cannot wait: refused with the hold's id; approved, the retry passes once", async () => {
  await using raw = await ci();
  await raw.query("BEGIN");
  expect(await raw.query(remove(1007))).toEqual(["error 42501", "ready E"]);
  const hold = /hold ([a-z2-7]{26})/.exec(raw.error.message ?? "")?.[1] ?? "";
  expect(raw.error.hint).toContain(hold);
  await raw.query("ROLLBACK");
  await cluster.approve(hold, "alice");
  await raw.query("BEGIN");
  expect(await raw.query(remove(1007))).toEqual(["complete DELETE 1", "ready T"]);
  await raw.query("ROLLBACK");
  await raw.query("BEGIN");
  expect(await raw.query(remove(1007))).toEqual(["error 42501", "ready E"]);
  await raw.query("ROLLBACK");
  expect(await there(1007)).toBe(true);
});

test("other parameters are another command", async () => {
  await using raw = await ci();
  const ask = (id: string) => raw.send(extended("DELETE FROM orders WHERE id = $1", [id]), sync);
  ask("1008");
  const hold = await held(raw);
  await using other = await ci();
  other.send(extended("DELETE FROM orders WHERE id = $1", ["1009"]), sync);
  expect(await held(other)).not.toBe(hold);
  await cluster.approve(hold, "alice");
  expect(await raw.ready()).toContain("complete DELETE 1");
  expect(await there(1009)).toBe(true);
});

test("nobody answers: its time runs out", async () => {
  await using raw = await ci();
  raw.send(query("TRUNCATE orders"));
  const said = await raw.ready();
  // The notice, unless its short time was over before it was told.
  expect(said.slice(said[0] === "notice 00000" ? 1 : 0)).toEqual(["error 42501", "ready I"]);
  expect(raw.error.message).toMatch(/hold [a-z2-7]{26}/);
  expect(await raw.query("SELECT 1")).toContain("row 1");
});

test("a long statement is held whole: it can be read, approved, and runs", async () => {
  await using raw = await ci();
  const long = `${remove(1010)} -- ${"x".repeat(300_000)} the end`;
  raw.send(query(long));
  const hold = await held(raw);
  const shown = await waitFor(
    async () => {
      const one = (await cluster.sallyJson(["approvals", "show", hold], "alice"))[0];
      return String(one?.["command"]).length > 300_000 ? one : undefined;
    },
    { what: "the whole text" },
  );
  expect(shown["command"]).toBe(long);
  expect(await cluster.approve(hold, "alice")).toMatchObject({ code: 0 });
  expect(await raw.ready()).toEqual(["complete DELETE 1", "ready I"]);
  const differs = `${remove(1009)} -- ${"x".repeat(300_000)} the End`;
  raw.send(query(differs));
  expect(await held(raw)).not.toBe(hold);
});

test.skipIf(!hasPsql())(
  "with psql: two wait for one hold; whom the approval does not pass is told of the next one",
  async () => {
    const text = "DELETE FROM orders WHERE id = -7";
    const both = await Promise.all([1, 2].map(() => cluster.startPsql("ci-runner", ["-c", text])));
    const says = (one: (typeof both)[number] | undefined, before: string) =>
      waitFor(
        () =>
          new RegExp(`${before}: hold ([a-z2-7]{26}), \\d+ (?:s|min) left`).exec(
            one?.stderr ?? "",
          )?.[1],
        {
          what: `psql to print \`${before}\``,
        },
      );
    const [first, second] = await Promise.all(
      both.map((one) => says(one, "waiting for an approval")),
    );
    if (first === undefined) throw new Error("no hold");
    expect(second).toBe(first);
    expect(await cluster.approve(first, "alice")).toMatchObject({ code: 0 });
    const [done, other] = await Promise.race(
      [
        both[0]?.done.then((result) => [result, both[1]] as const),
        both[1]?.done.then((result) => [result, both[0]] as const),
      ].filter((one) => one !== undefined),
    );
    expect(done).toMatchObject({ stdout: "DELETE 0\n", code: 0 });
    const next = await says(
      other,
      `NOTICE:  the approval of hold ${first} passed another command; waiting for the next one`,
    );
    expect(next).not.toBe(first);
    const [open] = await cluster.sallyJson(["approvals", "show", next], "alice");
    expect(open).toMatchObject({ state: "open", command: text, waiting: 1 });
    expect(await cluster.approve(next, "alice")).toMatchObject({ code: 0 });
    expect(await other?.done).toMatchObject({ stdout: "DELETE 0\n", code: 0 });
    expect(await cluster.log()).not.toContain('"alarm"');
    const records = await waitFor(
      async () => {
        const reader = cluster.reader();
        const found = [];
        for (const parts of await reader.sessions()) {
          const record = await reader.read(parts);
          const asked = record.commands.some(({ asked: { event } }) => event.text === text);
          if (asked && record.events.some(({ event }) => event.type === "close"))
            found.push(record);
        }
        return found.length === 2 && found;
      },
      { what: "both sessions in the archive", every: 300 },
    );
    expect(records.flatMap(checkSession)).toEqual([]);
    const verdicts = records.flatMap(({ commands }) =>
      commands.filter(({ asked }) => asked.event.text === text).map((one) => one.verdicts.length),
    );
    expect(verdicts.toSorted((a, b) => a - b)).toEqual([2, 3]);
  },
);

test("a worker that is killed while it holds takes its connections with it, and nothing runs", async () => {
  await using raw = await ci();
  raw.send(query(remove(1009)));
  const hold = await held(raw);
  const worker = cluster.worker();
  const { pid } = worker;
  await worker.kill();
  expect((await raw.ready()).at(-1)).toBe("end");
  await worker.replaced(pid);
  expect(await there(1009)).toBe(true);
  await using again = await waitFor(async () => ci(), { what: "the next worker" });
  again.send(query(remove(1009)));
  // The dead command still waits on the same hold, and takes the first answer; the next hold is the next one's.
  const first = await held(again);
  expect(first).toBe(hold);
  await cluster.approve(first, "alice");
  const said = await again.until((all) => all.some((one) => one.startsWith("notice")));
  expect(said).toEqual(["notice 00000"]);
  const next = /the next one: hold ([a-z2-7]{26})/.exec(again.notice?.message ?? "")?.[1] ?? "";
  await cluster.approve(next, "alice");
  expect(await again.ready()).toEqual(["complete DELETE 1", "ready I"]);
});
