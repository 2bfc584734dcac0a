import { afterAll, beforeAll, expect, test } from "vitest";
import { toTarget } from "@sallyport/pgwire";
import { waitFor } from "@sallyport/testkit";
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
  expect(said.at(-1)).toBe("notice 00000");
  const hold = /hold ([a-z2-7]{26})/.exec(raw.notice?.message ?? "")?.[1];
  if (hold === undefined) throw new Error(`no hold in \`${raw.notice?.message ?? ""}\``);
  return hold;
}
const stateOf = async (hold: string) =>
  (await cluster.sallyJson(["approvals", "show", hold], "alice"))[0]?.["state"];

test("the notice says what for, whose answer, the id and the time left; approved, it runs", async () => {
  await using raw = await ci();
  raw.send(query(remove(1001)));
  const hold = await held(raw);
  const { message, detail, hint } = raw.notice ?? {};
  expect(message).toMatch(/^waiting for an approval: hold [a-z2-7]{26}, (60|5\d) s left$/);
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
  await waitFor(async () => (await stateOf(hold)) === "withdrawn", { what: "the withdrawal" });
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
  await waitFor(async () => (await stateOf(hold)) !== "approved", { what: "the hold's end" });
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
  await held(raw);
  expect(await raw.ready()).toEqual(["error 42501", "ready I"]);
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
  await using again = await waitFor(async () => ci(), { what: "the next worker", timeout: 30_000 });
  again.send(query(remove(1009)));
  // The dead command still waits on the same hold, and takes the first answer; the next hold is the next one's.
  const first = await held(again);
  expect(first).toBe(hold);
  await cluster.approve(first, "alice");
  await waitFor(
    async () => {
      const open = await cluster.sallyJson(["approvals", "list"], "alice");
      for (const { hold: next, command } of open)
        if (command === remove(1009)) await cluster.approve(String(next), "alice");
      return !(await there(1009));
    },
    { what: "the DELETE", timeout: 20_000 },
  );
  expect(await again.ready()).toEqual(["complete DELETE 1", "ready I"]);
});
