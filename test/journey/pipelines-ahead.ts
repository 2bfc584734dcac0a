import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { beforeAll, expect, test } from "vitest";
import { toTarget } from "@sallyport/pgwire";
import { waitFor } from "@sallyport/testkit";
import type { Cluster } from "./cluster.ts";
import { loggedTexts, ran, recordedCommands, times, type Recorded } from "./pipeline-record.ts";
import { drop, insert, inserted, numbered, orders } from "./pipelined-orders.ts";
import { bare, extended, gateway, RawClient, type Said } from "./raw-client.ts";

const { parse, bind, execute, sync, flush, query } = toTarget;

const working = [
  "many",
  "dropper",
  "doubler",
  "waiter",
  "late",
  "asked",
  "brink",
  "patient",
  "leaver",
];

/** By client id, as the tests below name them. */
export const aheadJobs = {
  ...Object.fromEntries(working.map((who) => [who, { groups: ["ci", who] }])),
  definer: { groups: ["free"] },
};

/** Begins a pipeline with an insert, so that nothing behind that may wait for people on the wire. */
async function begin(raw: RawClient, from: number): Promise<void> {
  raw.send(insert(from), flush);
  expect(await raw.until((said) => said.length >= 3)).toEqual(inserted);
}

/** Goes on with inserts, a good part of it ahead of the answers, until one is refused; gives how many came to an end. */
async function insertUntilRefused(raw: RawClient, from: number): Promise<number> {
  let sent = 1;
  let done = 1;
  for (;;) {
    const more = Math.max(0, done + 300 - sent);
    raw.send(...numbered(from + sent, more), flush);
    sent += more;
    const enough = done + 150;
    const isOver = (one: Said) => one.startsWith("error");
    const said = await raw.until(
      (all) =>
        all.some(isOver) || done + all.filter((one) => one.startsWith("complete")).length >= enough,
    );
    done += said.filter((one) => one.startsWith("complete")).length;
    if (!said.some(isOver)) continue;
    expect(await raw.ask(sync)).toEqual(["ready I"]);
    return done;
  }
}

/** Tests of pipelines whose commands pass the gates ahead of their turn. */
export function pipelinesAhead(started: () => Cluster): void {
  let cluster: Cluster;
  beforeAll(() => {
    cluster = started();
  });

  const recorded = (who: string) => recordedCommands(cluster, who);
  const logged = (part: string) => loggedTexts(cluster, part);

  test("500 commands of a pipeline pass the gates in a few messages, each in its turn", async () => {
    const text = "INSERT INTO orders VALUES ($1, 1, 'many', 1, '2026-03-01')";
    const count = 500;
    {
      await using raw = await RawClient.open(await gateway(cluster, "many"));
      await raw.ask(parse("many", text), sync);
      const frames = Array.from({ length: count }, (_, index) => [
        bind({ statement: "many", parameters: [Buffer.from(String(10_000 + index))] }),
        execute(),
      ]);
      const said = await raw.ask(...frames.flat(), sync);
      expect(said).toEqual([...times(count, "bind-complete", "complete INSERT 0 1"), "ready I"]);
      expect(await orders(cluster, 10_000, 10_000 + count - 1)).toBe(2);
    }
    const commands = (await recorded("many")).slice(1);
    expect(ran(commands)).toEqual(Array.from({ length: count }, () => text));
    // 64 and one pass together, once the first has passed; bytes may come in pieces.
    expect(new Set(commands.map(({ seq }) => seq)).size).toBeLessThan(100);
    expect(await logged("'many'")).toHaveLength(count);
  });

  test("behind what is refused in the middle nothing was asked, and what stood before it was", async () => {
    {
      await using raw = await RawClient.open(await gateway(cluster, "dropper"));
      const said = await raw.ask(
        ...numbered(51_000, 30),
        drop,
        ...numbered(51_100, 30),
        sync,
        insert(51_200),
        sync,
      );
      const answers = [...times(30, ...inserted), "error 42501", "ready I", ...inserted, "ready I"];
      expect(said).toEqual(answers);
      expect(await orders(cluster, 51_000, 51_100, 51_200)).toBe(1);
    }
    const commands = await recorded("dropper");
    expect(commands.map(({ outcome }) => outcome)).toEqual([
      ...Array.from({ length: 30 }, () => "executed"),
      "refused-policy",
      "executed",
    ]);
    const asked = commands.map(({ seq }) => seq);
    expect(new Set(asked).size).toBeLessThan(20);
    expect(asked.filter((seq) => seq === asked[30])).toHaveLength(1);
    expect(await logged("VALUES (51")).toEqual(ran(commands));
  });

  test("behind an error of the target, what was asked ahead is not run, and the record says so", async () => {
    {
      await using raw = await RawClient.open(await gateway(cluster, "doubler"));
      const said = await raw.ask(
        ...numbered(52_000, 20),
        insert(52_000),
        ...numbered(52_100, 200),
        sync,
        insert(52_400),
        sync,
      );
      expect(said).toEqual([
        ...times(20, ...inserted),
        "parse-complete",
        "bind-complete",
        "error 23505",
        "ready I",
        ...inserted,
        "ready I",
      ]);
      expect(await orders(cluster, 52_000, 52_100, 52_299)).toBe(0);
    }
    const commands = await recorded("doubler");
    expect(ran(commands)).toHaveLength(22);
    const others = commands.filter(({ outcome }) => outcome !== "executed");
    for (const { outcome, code } of others)
      expect([`skipped undefined`, "not-sent skipped"]).toContain(`${outcome} ${code}`);
    expect(await logged("VALUES (52")).toEqual(ran(commands));
  });

  test("DDL and SET in the middle are asked when all before them was sent, and nothing behind them before they were", async () => {
    const barriers = ["SET search_path TO public, pg_catalog", "CREATE TABLE made (id int)"];
    {
      await using raw = await RawClient.open(await gateway(cluster, "definer"));
      const [path, table] = barriers.map((text) => extended(text));
      const first = await raw.ask(
        ...numbered(53_000, 20),
        path ?? sync,
        ...numbered(53_100, 20),
        sync,
      );
      expect(first.filter((one) => one.startsWith("complete"))).toEqual([
        ...times(20, "complete INSERT 0 1"),
        "complete SET",
        ...times(20, "complete INSERT 0 1"),
      ]);
      const second = await raw.ask(
        ...numbered(53_200, 20),
        table ?? sync,
        ...numbered(53_300, 20),
        sync,
        ...numbered(53_400, 20),
        sync,
      );
      expect(second.filter((one) => one.startsWith("complete"))).toEqual([
        ...times(20, "complete INSERT 0 1"),
        "complete CREATE TABLE",
        ...times(40, "complete INSERT 0 1"),
      ]);
    }
    const commands = await recorded("definer");
    expect(ran(commands)).toHaveLength(commands.length);
    for (const text of barriers) {
      const at = commands.findIndex((one) => one.text === text);
      const [before, barrier, behind] = [
        commands.slice(0, at),
        commands.slice(at, at + 1),
        commands.slice(at + 1),
      ];
      const [{ seq, time, sent }] = barrier as [Recorded];
      expect(Math.max(...before.map((one) => one.seq))).toBeLessThan(seq);
      expect(Math.max(...before.map((one) => one.sent ?? 0))).toBeLessThanOrEqual(time);
      expect(Math.min(...behind.map((one) => one.seq))).toBeGreaterThan(seq);
      expect(Math.min(...behind.map((one) => one.time))).toBeGreaterThanOrEqual(sent ?? Infinity);
    }
    expect(await logged("VALUES (53")).toEqual(
      ran(commands).filter((text) => text.includes("VALUES (53")),
    );
  });

  test("a cancel ends what runs; what was sent or asked behind it is not run", async () => {
    const options = await gateway(cluster, "waiter");
    {
      await using raw = await RawClient.open(options);
      await using other = await RawClient.open(bare(cluster));
      const touch = bind({ statement: "touch", parameters: [Buffer.from("1001")] });
      const text = "UPDATE orders SET status = status WHERE id = $1";
      const once = await raw.ask(parse("touch", text), touch, execute(), insert(54_000), sync);
      expect(once.slice(2)).toEqual(["complete UPDATE 1", ...inserted, "ready I"]);
      await other.ask(query("BEGIN"), query("SELECT FROM orders WHERE id = 1001 FOR UPDATE"));
      raw.send(touch, execute(), ...numbered(54_100, 150), sync, insert(54_300), sync);
      const waits = "SELECT FROM pg_stat_activity WHERE wait_event_type = 'Lock'";
      await waitFor(async () => (await cluster.truth(waits)).length, { what: "the lock" });
      await RawClient.cancel(options, raw.keyData.pid, raw.keyData.key);
      const said = await raw.ready(2);
      expect(said).toEqual(["bind-complete", "error 57014", "ready I", ...inserted, "ready I"]);
      expect(await orders(cluster, 54_100, 54_249)).toBe(0);
    }
    const commands = await recorded("waiter");
    expect(await logged("VALUES (54")).toEqual(
      ran(commands).filter((text) => text.includes("VALUES (54")),
    );
    expect(commands.every(({ outcome }) => outcome !== undefined)).toBe(true);
  });

  test("what policy refuses or holds from some moment on runs no more, and holds for what does not run are withdrawn", async () => {
    const file = join(cluster.directory, "policies", "policies.cedar");
    const before = await readFile(file, "utf8");
    const holds = async () => {
      const all = await cluster.sallyJson(["approvals", "list"], "alice");
      return all.filter(
        ({ state, principal }) => state === "open" && principal !== "corp#ci-runner",
      );
    };
    const rule = (id: string, group: string, how: string, then: Date) =>
      `@id("${id}") ${how} forbid (principal in Group::"corp/${group}", action == Action::"insert", resource)
when { context.time >= datetime("${then.toISOString()}") };`;
    const asks = '@hold("corp/dba") @quorum("1") @wait("5m") @ttl("15m")';
    const bundles = async () =>
      (await cluster.log())
        .split("\n")
        .filter((line) => line.includes(`"pid":${cluster.worker().pid},`))
        .filter((line) => line.includes('"msg":"bundle"')).length;
    const inForce = async (text: string): Promise<void> => {
      const had = await bundles();
      await writeFile(file, text);
      expect(await cluster.sally(["apply"])).toMatchObject({ code: 0 });
      await waitFor(async () => (await bundles()) > had, { what: "the worker to have the bundle" });
    };
    /** Applies rules for a moment that is to come, and gives that. */
    const apply = async (millis: number): Promise<number> => {
      const then = new Date(Date.now() + millis);
      const rules = [
        rule("late-is-refused", "late", "", then),
        ...["asked", "brink", "patient", "leaver"].map((who) =>
          rule(`${who}-asks`, who, asks, then),
        ),
      ];
      await inForce(`${before}\n${rules.join("\n")}`);
      // On a machine that is busy elsewhere all of that may take its time.
      return then.getTime() - Date.now() > 2000 ? then.getTime() : apply(2.5 * millis);
    };
    const brinkOptions = await gateway(cluster, "brink");
    const done: number[] = [];
    {
      await using brink = await RawClient.open(brinkOptions);
      await using late = await RawClient.open(await gateway(cluster, "late"));
      await using asked = await RawClient.open(await gateway(cluster, "asked"));
      await using patient = await RawClient.open(await gateway(cluster, "patient"));
      await using leaver = await RawClient.open(await gateway(cluster, "leaver"));
      const then = await apply(6000);
      // So that these ones' like has passed before.
      for (const [at, one] of [brink, patient, leaver].entries()) {
        const early = numbered(57_000 + at * 10_000, 2);
        expect(await one.ask(...early, sync)).toEqual([...times(2, ...inserted), "ready I"]);
      }
      await begin(late, 550_000);
      await begin(asked, 560_000);
      await waitFor(() => Date.now() > then - 200, { what: "the moment to be near" });
      done.push(
        ...(await Promise.all([
          insertUntilRefused(late, 550_000),
          insertUntilRefused(asked, 560_000),
        ])),
      );
      expect(late.error).toMatchObject({ sqlstate: "42501" });
      expect(asked.error.message).toContain("hold");
      // The first of them stays to be answered and sent again, as one that is asked by itself.
      await waitFor(async () => (await holds()).length === 1, { what: "one hold to be open" });

      for (const [at, one] of [brink, patient, leaver].entries()) {
        const from = 57_100 + at * 10_000;
        one.send(...numbered(from, 20), sync, insert(from + 100), sync);
        await one.until((said) => said.includes("notice 00000"));
      }
      leaver.socket.destroy();
      await RawClient.cancel(brinkOptions, brink.keyData.pid, brink.keyData.key);
      const said = await brink.ready(2);
      expect(said).toEqual(["error 57014", "ready I", "error 42501", "ready I"]);
      expect(brink.error.message).toContain("hold");
      // Policy changes while the first waits: what was judged behind it is judged anew, as it is by itself.
      await inForce(before);
      const hold = /hold ([a-z2-7]{26})/.exec(patient.notice?.message ?? "")?.[1] ?? "";
      expect(await cluster.approve(hold, "alice")).toMatchObject({ code: 0 });
      expect(await patient.ready(2)).toEqual([
        ...times(20, ...inserted),
        "ready I",
        ...inserted,
        "ready I",
      ]);
      // What was refused in its turn is to be answered and sent again; the rest is withdrawn.
      const open = async () => (await holds()).map(({ principal }) => String(principal)).toSorted();
      await expect.poll(open, { timeout: 60_000 }).toEqual(["corp#asked", "corp#brink"]);
    }
    for (const [at, who] of ["late", "asked"].entries()) {
      const commands = await recorded(who);
      const executed = commands.findLastIndex(({ outcome }) => outcome === "executed") + 1;
      expect(executed).toBe(done[at]);
      expect(commands.slice(0, executed).every(({ outcome }) => outcome === "executed")).toBe(true);
      const left = commands.slice(executed);
      expect(left.every(({ outcome }) => outcome === "refused-policy")).toBe(true);
      expect(await logged(`VALUES (${at === 0 ? 55 : 56}`)).toEqual(ran(commands));
    }
    expect(await logged("VALUES (57")).toEqual(
      ran(await recorded("brink")).filter((text) => text.includes("VALUES (57")),
    );
    const left = await recorded("leaver");
    expect(await logged("VALUES (77")).toEqual(ran(left));
    expect(left.slice(2).every(({ outcome }) => outcome === "refused-policy")).toBe(true);
    const twice = await recorded("patient");
    expect(await logged("VALUES (67")).toEqual(ran(twice));
    const outcomes = twice.filter(({ text }) => text.includes("VALUES (67101,"));
    expect(outcomes.map(({ outcome }) => outcome)).toEqual(["refused-policy", "executed"]);
  });
}
