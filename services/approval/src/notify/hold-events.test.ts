import type { Answers, Hold, Notice, Principal } from "@sallyport/contracts";
import { describe, expect, test } from "vitest";
import { readHeld } from "../held.ts";
import { aHold, aPerson, opened, type HoldOptions } from "../hold.fixture.ts";
import { eventsOf } from "./hold-events.ts";
import { nextStep } from "./next-step.ts";

const alice = aPerson("alice", { groups: ["corp/dba"] });
const bob = aPerson("bob", { groups: ["corp/dba"] });
const expires = opened + 900_000;

function pinned(
  options: HoldOptions = {},
  given: readonly (readonly [Principal, "approve" | "deny", number])[] = [],
  replaced = false,
) {
  const hold: Hold = aHold(options);
  const held = readHeld(hold);
  if (!held) throw new Error("a hold");
  const answers: Answers | null =
    given.length === 0
      ? null
      : {
          v: 1,
          type: "answers",
          hold: hold.hold,
          key: hold.key,
          answers: given.map(([principal, answer, time]) => ({
            principal,
            answer,
            time,
            reason: "",
          })),
        };
  return { held, answers, replaced, revoked: new Set<string>() };
}

const idsOf = (...args: Parameters<typeof eventsOf>): string[] =>
  eventsOf(...args).map(({ id }) => id);

describe("what happened to a hold", () => {
  test("has an id made of what happened, whoever looks and whenever", () => {
    const given = [[alice, "approve", opened + 5] as const];
    const ids = idsOf(pinned({}, given), opened + 10);
    expect(ids).toEqual(idsOf(pinned({ state: "used" }, given), expires + 1000));
    expect(ids).toEqual([
      expect.stringMatching(/^opened_[a-z2-7]{26}$/),
      expect.stringMatching(/^answered_[a-z2-7]{26}_[0-9a-f]{16}$/),
    ]);
    const denied = idsOf(pinned({}, [[alice, "deny", opened + 7]]), opened + 10);
    const other = idsOf(pinned({}, [[bob, "approve", opened + 5]]), opened + 10);
    expect(new Set([ids[1], denied[1], other[1]]).size).toBe(3);
  });

  test("an opening is worth telling while the hold is open", () => {
    const until = (...args: Parameters<typeof eventsOf>) => eventsOf(...args)[0]?.until;
    expect(until(pinned(), opened + 1)).toBe(expires);
    expect(until(pinned(), expires)).toBe(0);
    expect(until(pinned({ state: "used" }), opened + 1)).toBe(0);
    expect(until(pinned({}, [], true), opened + 1)).toBe(0);
  });

  test("an answer waits a moment for what policy makes of it", () => {
    const given = [[alice, "approve", opened + 5] as const];
    const from = (...args: Parameters<typeof eventsOf>) => eventsOf(...args)[1]?.from;
    expect(from(pinned({}, given), opened + 6)).toBe(opened + 1505);
    expect(from(pinned({ state: "used" }, given), opened + 6)).toBe(opened + 5);
    expect(from(pinned({}, given, true), opened + 6)).toBe(opened + 5);
  });

  test("what a clock that was set back calls the future has happened", () => {
    const given = [[alice, "approve", opened + 5] as const];
    const from = (...args: Parameters<typeof eventsOf>) => eventsOf(...args).map((one) => one.from);
    const back = opened - 3_600_000;
    expect(from(pinned({}, given), back)).toEqual([back, back]);
    // Two machines' clocks are never quite the same.
    expect(from(pinned({}, given), opened - 1000)).toEqual([opened, opened + 1505]);
  });

  test("time runs out, whether policy has said so or not, and a withdrawal ends it too", () => {
    expect(eventsOf(pinned(), expires - 1)).toHaveLength(1);
    for (const state of ["open", "approved", "expired"] as const)
      expect(eventsOf(pinned({ state }), expires)[1]).toMatchObject({
        what: "hold.expired",
        time: expires,
      });
    expect(eventsOf(pinned({ state: "withdrawn" }), opened + 9)[1]).toMatchObject({
      what: "hold.expired",
      time: opened + 9,
    });
    for (const state of ["used", "denied"] as const)
      expect(eventsOf(pinned({ state }), expires)).toHaveLength(1);
  });
});

describe("what is to be done", () => {
  const given = [[alice, "approve", opened + 5] as const];
  const now = opened + 10_000;
  type Told = Partial<Record<Notice["what"], Pick<Notice, "state" | "due">>>;
  const step = (pin: ReturnType<typeof pinned>, told: Told, at = now) => {
    const next = nextStep(eventsOf(pin, at), ({ what }) => told[what], at);
    return "event" in next
      ? [next.kind, next.event.what]
      : next.kind === "wait"
        ? [next.kind, next.until]
        : [next.kind];
  };
  const delivered = { state: "delivered", due: 0 } as const;
  const failed = (due: number) => ({ state: "failed", due }) as const;
  const sending = (due: number) => ({ state: "sending", due }) as const;

  test("an opening is told, and then an answer, once", () => {
    expect(step(pinned(), {})).toEqual(["send", "hold.opened"]);
    expect(step(pinned(), { "hold.opened": delivered })).toEqual(["nothing"]);
    const answered = pinned({ state: "used" }, given);
    expect(step(answered, { "hold.opened": delivered })).toEqual(["send", "hold.answered"]);
    const all = { "hold.opened": delivered, "hold.answered": delivered };
    expect(step(answered, all)).toEqual(["nothing"]);
  });

  test("what failed is tried again when it is due, and what another sends is left to it until its claim is out", () => {
    expect(step(pinned(), { "hold.opened": failed(now + 1) })).toEqual(["wait", now + 1]);
    expect(step(pinned(), { "hold.opened": failed(now) })).toEqual(["send", "hold.opened"]);
    expect(step(pinned(), { "hold.opened": sending(now + 1) })).toEqual(["wait", now + 1]);
    expect(step(pinned(), { "hold.opened": sending(now) })).toEqual(["send", "hold.opened"]);
  });

  test("a clock that was set back makes nothing wait for longer than it would have", () => {
    const hour = 3_600_000;
    for (const far of [2 * hour, 24 * hour]) {
      expect(step(pinned(), { "hold.opened": failed(now + far) })).toEqual(["send", "hold.opened"]);
      expect(step(pinned(), { "hold.opened": sending(now + far) })).toEqual([
        "send",
        "hold.opened",
      ]);
    }
    expect(step(pinned(), { "hold.opened": sending(now + hour) })).toEqual(["send", "hold.opened"]);
    // The longest Retry-After, and the longest attempt, by another machine's clock.
    for (const told of [failed(now + hour + 5000), sending(now + 35_000 + 5000)])
      expect(step(pinned(), { "hold.opened": told })).toEqual(["wait", told.due]);
  });

  test("a later event waits for an earlier one that is still worth telling", () => {
    const quorum = pinned({ quorum: 2 }, given);
    expect(step(quorum, { "hold.opened": failed(now + 1) })).toEqual(["wait", now + 1]);
    const used = pinned({ state: "used" }, given);
    expect(step(used, { "hold.opened": failed(now + 1) })).toEqual(["abandon", "hold.opened"]);
    expect(step(used, { "hold.opened": { state: "abandoned", due: 0 } })).toEqual([
      "send",
      "hold.answered",
    ]);
    expect(step(used, { "hold.opened": sending(now + 1) })).toEqual(["wait", now + 1]);
  });

  test("of a hold whose opening was never told, nothing is", () => {
    expect(step(pinned({ state: "used" }, given), {})).toEqual(["nothing"]);
    expect(step(pinned(), {}, expires + 1)).toEqual(["nothing"]);
  });

  test("after a day nothing is told any more", () => {
    const late = expires + 24 * 3_600_000;
    const told = { "hold.opened": delivered, "hold.expired": failed(0) };
    expect(step(pinned(), told, late - 1)).toEqual(["send", "hold.expired"]);
    expect(step(pinned(), told, late)).toEqual(["abandon", "hold.expired"]);
  });
});
