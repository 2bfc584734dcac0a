import type {
  CommandId,
  Hold,
  HoldCondition,
  HoldId,
  SessionId,
  Waiting,
} from "@sallyport/contracts";
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { approve, deny, disown, expire, meet, release, type Asking, type Step } from "./machine.ts";

const now = 1_000_000;
const condition: HoldCondition = {
  policy: "p",
  group: "corp/dba",
  quorum: 1,
  ttl: 60_000,
  wait: 10_000,
};
const id = (letter: string): string => letter.repeat(26);
const holdId = (letter: string): HoldId => id(letter) as HoldId;
const commandId = (letter: string): CommandId => id(letter) as CommandId;

const waiter = (letter: string, change: Partial<Waiting> = {}): Waiting => ({
  partition: 0,
  worker: "w1",
  session: id("s") as SessionId,
  command: commandId(letter),
  hash: "0".repeat(64),
  until: now + 10_000,
  ...change,
});

const asking = (letter: string, change: Partial<Asking> = {}): Asking => {
  const { until: _until, ...waiting } = waiter(letter);
  return {
    key: "k".repeat(64),
    id: holdId("h"),
    conditions: [condition],
    masks: [],
    line: `line ${letter}`,
    waiting,
    mayWait: true,
    now,
    ...change,
  };
};

const hold = (change: Partial<Hold> = {}): Hold => ({
  v: 1,
  type: "hold",
  hold: holdId("a"),
  key: "k".repeat(64),
  state: "open",
  opened: now - 1000,
  expires: now + 59_000,
  conditions: [condition],
  masks: [],
  command: "line b",
  partition: 0,
  worker: "w1",
  waiting: [waiter("b")],
  approvers: [],
  ...change,
});

const approving = (change: Partial<Parameters<typeof approve>[1]> = {}) => ({
  approvers: ["corp#alice"],
  now,
  again: () => "same" as const,
  nextId: holdId("n"),
  ...change,
});

describe("a command meets", () => {
  test("no hold: it opens one and waits, until the earlier of wait and expiry", () => {
    const met = meet(null, asking("b"));
    expect(met).toMatchObject({
      kind: "waits",
      next: {
        hold: id("h"),
        state: "open",
        opened: now,
        expires: now + 60_000,
        command: "line b",
        waiting: [{ command: id("b"), until: now + 10_000 }],
      },
    });
    const short = asking("b", { conditions: [condition, { ...condition, ttl: 5000 }] });
    expect(meet(null, short).next).toMatchObject({
      expires: now + 5000,
      waiting: [{ until: now + 5000 }],
    });
  });

  test("no hold, and may not wait: it opens one that nobody waits on", () => {
    expect(meet(null, asking("b", { mayWait: false }))).toMatchObject({
      kind: "open",
      next: { state: "open", waiting: [] },
    });
  });

  test("an open hold: it joins, with its own line", () => {
    const met = meet(hold(), asking("c"));
    expect(met).toMatchObject({ kind: "waits", next: { hold: id("a"), command: "line b" } });
    expect(met.next.waiting).toEqual([waiter("b"), waiter("c", { line: "line c" })]);
  });

  test("an open hold that it waits on already: nothing changes", () => {
    const before = hold();
    expect(meet(before, asking("b"))).toEqual({ kind: "waits", next: before });
  });

  test("an open hold on which many wait, or where it may not: nothing changes", () => {
    const many = hold({ waiting: "bcdefghi".split("").map((letter) => waiter(letter)) });
    expect(meet(many, asking("z"))).toEqual({ kind: "open", next: many });
    const one = hold();
    expect(meet(one, asking("z", { mayWait: false }))).toEqual({ kind: "open", next: one });
  });

  test("an approved hold: it takes it", () => {
    const approved = hold({ state: "approved", approvers: ["corp#alice"], waiting: [] });
    expect(meet(approved, asking("c"))).toMatchObject({
      kind: "taken",
      next: { state: "used", usedBy: id("c"), approvers: ["corp#alice"] },
    });
  });

  test("the hold that it took itself: the same once more, for a write whose answer was lost", () => {
    const used = hold({ state: "used", usedBy: commandId("c") });
    expect(meet(used, asking("c"))).toEqual({ kind: "taken", next: used });
  });

  test.each([
    hold({ state: "used", usedBy: commandId("x") }),
    hold({ state: "denied" }),
    hold({ state: "expired" }),
    hold({ state: "withdrawn" }),
    hold({ expires: now }),
    hold({ state: "approved", expires: now }),
  ])("a hold that is over: it opens the next", (over) => {
    expect(meet(over, asking("c"))).toMatchObject({
      kind: "waits",
      next: { hold: id("h"), state: "open", approvers: [] },
    });
    expect(meet(over, asking("c")).next).not.toHaveProperty("usedBy");
  });
});

describe("an approval", () => {
  test("passes the first who waits", () => {
    const { next, told } = approve(hold(), approving());
    expect(next).toMatchObject({ state: "used", usedBy: id("b"), approvers: ["corp#alice"] });
    expect(told).toEqual([{ kind: "taken", waiting: waiter("b"), hold: next }]);
  });

  test("passes nobody whose wait is over, and stays for the next", () => {
    const { next, told } = approve(hold({ waiting: [waiter("b", { until: now })] }), approving());
    expect(next).toMatchObject({ state: "approved", approvers: ["corp#alice"], waiting: [] });
    expect(told).toEqual([]);
  });

  test("passes one; the others open the next hold, led by the first of them", () => {
    const three = hold({
      waiting: [
        waiter("b"),
        waiter("c", { line: "line c", worker: "w2" }),
        waiter("d", { line: "line d" }),
      ],
    });
    const { next, told } = approve(three, approving());
    expect(told).toMatchObject([
      { kind: "taken", waiting: { command: id("b") }, hold: { hold: id("a"), usedBy: id("b") } },
      { kind: "moved", waiting: { command: id("c"), line: "line c" }, hold: next },
      { kind: "moved", waiting: { command: id("d"), line: "line d" }, hold: next },
    ]);
    expect(next).toMatchObject({
      hold: id("n"),
      state: "open",
      opened: now,
      expires: now + 60_000,
      command: "line c",
      worker: "w2",
      approvers: [],
    });
    expect(next.waiting).toEqual([waiter("c", { worker: "w2" }), waiter("d", { line: "line d" })]);
    expect(next).not.toHaveProperty("usedBy");
  });

  test("passes nobody for whom the policies now say something else", () => {
    const two = hold({ waiting: [waiter("b"), waiter("c", { line: "line c" })] });
    const { next, told } = approve(two, {
      ...approving(),
      again: ({ command }) => (command === id("b") ? "else" : "same"),
    });
    expect(next).toMatchObject({ state: "used", usedBy: id("c") });
    expect(told).toMatchObject([
      { kind: "taken", waiting: { command: id("c") } },
      { kind: "judged", waiting: { command: id("b") } },
    ]);
  });

  test("that the opener leaves behind keeps its line with those who joined", () => {
    const left = hold({
      waiting: [waiter("c", { line: "line c" }), waiter("d"), waiter("e", { line: "line e" })],
    });
    const { next } = approve(left, approving());
    expect(next.command).toBe("line b");
    expect(next.waiting).toEqual([waiter("d"), waiter("e", { line: "line e" })]);
  });

  test("comes too late after the expiry", () => {
    const { next, told } = approve(hold({ expires: now }), approving());
    expect(next.state).toBe("expired");
    expect(told).toMatchObject([{ kind: "ended", hold: { state: "expired" } }]);
  });

  test.each(["approved", "used", "denied", "expired", "withdrawn"] as const)(
    "changes nothing in a hold that is %s",
    (state) => {
      const before = hold({ state });
      expect(approve(before, approving())).toEqual({
        next: before,
        told: [],
      });
    },
  );
});

describe("an approver who may no longer", () => {
  const approved = hold({ state: "approved", waiting: [], approvers: ["corp#alice", "corp#bob"] });

  test("leaves an approval that nobody took to the others; where they are too few, to nobody", () => {
    expect(disown(approved, ["corp#bob"])).toEqual({
      next: { ...approved, approvers: ["corp#bob"] },
      told: [],
    });
    expect(disown(approved, null)).toEqual({
      next: { ...approved, state: "withdrawn" },
      told: [],
    });
  });

  test("changes nothing that is used, over or open", () => {
    for (const state of ["open", "used", "denied", "expired", "withdrawn"] as const) {
      const other = { ...approved, state };
      expect(disown(other, null).next).toBe(other);
    }
  });
});

describe("an end", () => {
  test("by denial is told to all who wait", () => {
    const two = hold({ waiting: [waiter("b"), waiter("c")] });
    const { next, told } = deny(two, now);
    expect(next).toMatchObject({ state: "denied", waiting: [] });
    expect(told.map(({ kind, waiting }) => [kind, waiting.command])).toEqual([
      ["ended", id("b")],
      ["ended", id("c")],
    ]);
  });

  test("by denial changes nothing that is over", () => {
    const used = hold({ state: "used" });
    expect(deny(used, now)).toEqual({ next: used, told: [] });
  });

  test("by expiry comes not before its time, and ends an approval too", () => {
    const open = hold();
    expect(expire(open, now)).toEqual({ next: open, told: [] });
    expect(expire(hold({ expires: now }), now)).toMatchObject({
      next: { state: "expired" },
      told: [{ kind: "ended" }],
    });
    expect(expire(hold({ state: "approved", expires: now, waiting: [] }), now)).toMatchObject({
      next: { state: "expired" },
      told: [],
    });
    const used = hold({ state: "used", expires: now });
    expect(expire(used, now).next).toBe(used);
  });
});

test("INVARIANT (I4): whatever happens in whatever order, an approval passes one command", () => {
  const letters = ["b", "c", "d", "e", "f"];
  const step = fc.oneof(
    fc.record({
      kind: fc.constant("meet" as const),
      who: fc.constantFrom(...letters),
      mayWait: fc.boolean(),
    }),
    fc.record({ kind: fc.constant("approve" as const), else: fc.subarray(letters) }),
    fc.record({
      kind: fc.constant("release" as const),
      who: fc.constantFrom(...letters),
      why: fc.constantFrom("cancelled" as const, "disconnected" as const, "not-sent" as const),
    }),
    fc.record({ kind: fc.constantFrom("deny" as const, "expire" as const) }),
    fc.record({ kind: fc.constant("wait" as const), ms: fc.integer({ min: 1, max: 40_000 }) }),
  );
  fc.assert(
    fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
      let current: Hold | null = null;
      let time = now;
      let ids = 0;
      const nextId = (): HoldId => String(ids++) as HoldId;
      const approvals = new Set<string>();
      /** Which command has passed on which approval, unless it gave it back. */
      const passed = new Map<string, string>();
      const broken: string[] = [];
      const must = (holds: boolean, what: string): void => {
        if (!holds) broken.push(what);
      };
      const take = (taken: Hold, command: string): void => {
        must(approvals.has(taken.hold), "taken without an approval");
        must((passed.get(taken.hold) ?? command) === command, "an approval passed two commands");
        must(time < taken.expires, "taken after its expiry");
        passed.set(taken.hold, command);
      };
      for (const one of steps) {
        if (one.kind === "wait") time += one.ms;
        else if (one.kind === "meet") {
          const before = current;
          const met = meet(
            current,
            asking(one.who, { id: nextId(), mayWait: one.mayWait, now: time }),
          );
          current = met.next;
          if (met.kind === "taken" && met.next !== before) take(met.next, id(one.who));
        } else if (current) {
          const before: Hold = current;
          const { next, told }: Step =
            one.kind === "approve"
              ? approve(before, {
                  approvers: ["corp#alice"],
                  now: time,
                  again: ({ command }) =>
                    one.else.some((letter) => id(letter) === command) ? "else" : "same",
                  nextId: nextId(),
                })
              : one.kind === "release"
                ? release(before, {
                    command: commandId(one.who),
                    hold: before.hold,
                    worker: "w1",
                    why: one.why,
                    now: time,
                  })
                : one.kind === "deny"
                  ? deny(before, time)
                  : expire(before, time);
          if (one.kind === "approve" && before.state === "open" && time < before.expires)
            approvals.add(before.hold);
          if (one.kind === "release" && before.usedBy === id(one.who) && next !== before)
            passed.delete(before.hold);
          for (const word of told) if (word.kind === "taken") take(word.hold, word.waiting.command);
          const waited = before.waiting.map(({ command }) => command);
          for (const { kind, waiting } of told) {
            must(waited.includes(waiting.command), "told who did not wait");
            must(
              next.waiting.some(({ command }) => command === waiting.command) ===
                (kind === "moved"),
              "told its final word who waits still, or of another hold who does not",
            );
          }
          current = next;
        }
      }
      expect(broken).toEqual([]);
    }),
    { numRuns: 300 },
  );
});

describe("a release", () => {
  const released = (letter: string, why: Parameters<typeof release>[1]["why"], change = {}) => ({
    command: commandId(letter),
    hold: holdId("a"),
    worker: "w1",
    why,
    now,
    ...change,
  });

  test("by cancel withdraws the hold when nobody else waits", () => {
    expect(release(hold(), released("b", "cancelled")).next.state).toBe("withdrawn");
    const two = hold({ waiting: [waiter("b"), waiter("c")] });
    expect(release(two, released("b", "cancelled")).next).toMatchObject({
      state: "open",
      waiting: [{ command: id("c") }],
    });
  });

  test.each(["disconnected", "timeout", "not-sent"] as const)(
    "by %s leaves the hold open",
    (why) => {
      expect(release(hold(), released("b", why)).next).toMatchObject({
        state: "open",
        waiting: [],
      });
    },
  );

  test("of what was taken gives it back, to the same hold and command only", () => {
    const used = hold({
      state: "used",
      usedBy: commandId("b"),
      approvers: ["corp#alice"],
      waiting: [],
    });
    const { next } = release(used, released("b", "not-sent"));
    expect(next).toMatchObject({ state: "approved", approvers: ["corp#alice"] });
    expect(next).not.toHaveProperty("usedBy");
    expect(release(used, released("c", "not-sent")).next).toBe(used);
    expect(release(used, released("b", "not-sent", { hold: holdId("z") })).next).toBe(used);
    expect(release({ ...used, expires: now }, released("b", "not-sent")).next.state).toBe(
      "expired",
    );
    expect(release(used, released("b", "cancelled")).next.state).toBe("withdrawn");
  });

  test("by cancel withdraws a hold that its opener may not wait on, unless others do", () => {
    const line = `{"v":1,"text":"x\\",\\"command\\":\\"","command":"${commandId("b")}","mayWait":false}`;
    const opened = hold({ command: line, waiting: [] });
    expect(release(opened, released("b", "cancelled")).next.state).toBe("withdrawn");
    for (const other of [
      released("b", "timeout"),
      released("c", "cancelled"),
      released("b", "cancelled", { worker: "w2" }),
      released("b", "cancelled", { hold: holdId("z") }),
    ])
      expect(release(opened, other).next).toBe(opened);
    const joined = { ...opened, waiting: [waiter("c")] };
    expect(release(joined, released("b", "cancelled")).next).toBe(joined);
  });

  test("of another worker's command changes nothing", () => {
    const before = hold();
    expect(release(before, released("b", "cancelled", { worker: "w2" })).next).toBe(before);
    expect(release(before, released("x", "cancelled")).next).toBe(before);
  });
});
