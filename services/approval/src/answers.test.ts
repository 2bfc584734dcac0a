import { describe, expect, test } from "vitest";
import type { Answers, GivenAnswer, Principal } from "@sallyport/contracts";
import { decide, maySee, refusalOf, standing, type Approvers, type Said } from "./answers.ts";
import { readHeld, stateAt, type Held } from "./held.ts";
import { aHold, aPerson, aWorkload, holdIds, opened } from "./hold.fixture.ts";

const dba = "corp/dba";
const approvers: Approvers = { [dba]: { members: ["corp#bob"] } };
const alice = aPerson("alice", { groups: [dba] });
const bob = aPerson("bob");
const job = aWorkload("ci", { owner: "corp#olga" });

const held = (options: Parameters<typeof aHold>[0] = {}): Held => {
  const read = readHeld(aHold({ principal: job, ...options }));
  if (!read) throw new Error("the fixture is no hold");
  return read;
};

const given = (principal: Principal, answer: "approve" | "deny" = "approve"): GivenAnswer => ({
  principal,
  answer,
  reason: "",
  time: opened,
});

const answersOf = (of: Held, ...answers: GivenAnswer[]): Answers => ({
  v: 1,
  type: "answers",
  hold: of.hold.hold,
  key: of.hold.key,
  answers,
});

const said = (answers: Answers, ...revoked: string[]): Said => ({
  answers,
  revoked: new Set(revoked),
});

describe("who may answer (I4)", () => {
  const why = (person: Principal, of = held()) => refusalOf(of, person, approvers)?.message ?? null;

  test("a member of the group by token, and one by config", () => {
    expect(why(alice)).toBeNull();
    expect(why(bob)).toBeNull();
  });

  test("never a workload, whatever its groups", () => {
    const other = aWorkload("bot", { groups: [dba] });
    expect(refusalOf(held(), other, approvers)?.code).toBe("person-required");
  });

  test("never the requester", () => {
    expect(why(alice, held({ principal: alice }))).toContain("you asked for it yourself");
  });

  test("never the requester's owner", () => {
    const olga = aPerson("olga", { groups: [dba] });
    expect(why(olga)).toContain("you own `corp#ci`");
  });

  test("never one who acts in the request", () => {
    const acting = aPerson("carol", { delegation: ["alice"] });
    expect(why(alice, held({ principal: acting }))).toContain("you act for `corp#carol`");
  });

  test("never an agent with a person's token", () => {
    expect(why({ ...alice, delegation: ["agent"] })).toContain("`agent` acts in your name");
  });

  test("nobody of another group, or of a group of the same name of another issuer", () => {
    expect(why(aPerson("carol", { groups: ["corp/dev"] }))).toContain("asked: corp/dba");
    const partner = aPerson("alice", { issuer: "partner", groups: ["partner/dba"] });
    expect(why(partner)).toContain("`partner#alice` is in none of the groups");
    expect(why({ ...bob, id: "partner#bob", issuer: "partner" })).toContain("in none");
  });

  test("a refusal says what to do", () => {
    const refusal = refusalOf(held(), aPerson("carol"), approvers);
    expect(refusal?.toJSON()).toMatchObject({
      code: "approver-refused",
      detail: "ask a member of corp/dba to answer, or an operator to add you",
    });
  });
});

test("a hold is seen by those it asks, who asked, and its owner", () => {
  const seen = (person: Principal) => maySee(held(), person, approvers);
  expect([alice, bob, aPerson("olga")].map(seen)).toEqual([true, true, true]);
  expect([aPerson("carol"), job, aWorkload("bot", { groups: [dba] })].map(seen)).toEqual([
    false,
    false,
    false,
  ]);
});

describe("what an answer makes of a hold", () => {
  const now = opened + 1000;
  const next = (of: Held, before: Answers | null, answer: GivenAnswer, at = now) =>
    decide(of, before, answer, approvers, at);
  const refusedAs = (of: Held, before: Answers | null, answer: GivenAnswer, at = now) => {
    const decided = next(of, before, answer, at);
    return decided.kind === "refused" ? decided.error.message : decided.kind;
  };

  test("given an open hold, when a member approves, then the answer is bound to it", () => {
    const hold = held();
    expect(next(hold, null, given(alice))).toEqual({
      kind: "write",
      answers: answersOf(hold, given(alice)),
    });
  });

  test("given an answer, when the same person gives it again, then nothing is written", () => {
    const hold = held({ quorum: 2 });
    const again = next(hold, answersOf(hold, given(alice)), { ...given(alice), time: now });
    expect(again).toEqual({ kind: "again" });
    const used = held({ state: "used" });
    expect(next(used, answersOf(used, given(alice)), given(alice))).toEqual({ kind: "again" });
  });

  test("given an approval, when the same person denies, then the denial takes its place", () => {
    const hold = held({ quorum: 2 });
    const before = answersOf(hold, given(bob), given(alice));
    expect(next(hold, before, given(alice, "deny"))).toEqual({
      kind: "write",
      answers: answersOf(hold, given(bob), given(alice, "deny")),
    });
  });

  test("given a denial, then nobody approves any more, not even who denied", () => {
    const hold = held();
    const before = answersOf(hold, given(alice, "deny"));
    for (const person of [alice, bob])
      expect(refusedAs(hold, before, given(person))).toContain("is denied already");
  });

  test.each(["approved", "used", "denied", "expired", "withdrawn"] as const)(
    "given a hold that is %s, then no new answer is taken",
    (state) => {
      expect(refusedAs(held({ state }), null, given(alice))).toContain(`is ${state} already`);
    },
  );

  test("given a hold whose time is out, then it is expired, to the millisecond", () => {
    const hold = held();
    expect(refusedAs(hold, null, given(alice), hold.hold.expires - 1)).toBe("write");
    expect(refusedAs(hold, null, given(alice), hold.hold.expires)).toContain("is expired already");
    expect(stateAt(hold, hold.hold.expires)).toBe("expired");
  });

  test("given answers to another hold or another command, then they count for nothing", () => {
    const hold = held({ quorum: 2 });
    const other = { ...answersOf(hold, given(bob)), hold: holdIds[1] };
    const otherKey = { ...answersOf(hold, given(bob)), key: "f".repeat(64) };
    for (const foreign of [other, otherKey]) {
      expect(standing(hold, said(foreign), approvers).conditions[0]?.approvers).toEqual([]);
      expect(next(hold, foreign, given(alice))).toEqual({
        kind: "write",
        answers: answersOf(hold, given(alice)),
      });
    }
  });
});

describe("what answers add up to", () => {
  const decided = (of: Held, ...answers: GivenAnswer[]) =>
    standing(of, said(answersOf(of, ...answers)), approvers).decided;

  test("a quorum of two takes two principals", () => {
    const hold = held({ quorum: 2 });
    expect(decided(hold, given(alice))).toBeNull();
    expect(decided(hold, given(alice), given(alice))).toBeNull();
    expect(decided(hold, given(alice), given(bob))).toBe("approve");
  });

  test("one person of two issuers is two principals: config must not name both", () => {
    const both: Approvers = { [dba]: { members: ["corp#bob", "partner#bob"] } };
    const hold = held({ quorum: 2 });
    const elsewhere = aPerson("bob", { issuer: "partner" });
    const answers = answersOf(hold, given(bob), given(elsewhere));
    expect(standing(hold, said(answers), both).decided).toBe("approve");
  });

  test("every condition must be met, each by its own group", () => {
    const hold = held({ groups: [dba, "corp/privacy"] });
    expect(decided(hold, given(alice))).toBeNull();
    expect(decided(hold, given(alice), given(aPerson("pia", { groups: ["corp/privacy"] })))).toBe(
      "approve",
    );
    const inBoth = aPerson("zoe", { groups: [dba, "corp/privacy"] });
    expect(decided(hold, given(inBoth))).toBe("approve");
  });

  test("one denial outweighs any approvals", () => {
    expect(decided(held(), given(alice), given(bob, "deny"))).toBe("deny");
  });

  test("an answer of one who may not answer counts for nothing, neither does a denial", () => {
    const hold = held();
    expect(decided(hold, given(job))).toBeNull();
    expect(decided(hold, given(aPerson("olga", { groups: [dba] })))).toBeNull();
    expect(decided(hold, given(aPerson("carol"), "deny"))).toBeNull();
  });

  test("a member whom config no longer names counts no longer", () => {
    const hold = held();
    expect(standing(hold, said(answersOf(hold, given(bob))), {}).decided).toBeNull();
  });

  test("what one who is revoked approved counts no more, unless enough others did; a denial stands", () => {
    const hold = held();
    const of = (...answers: GivenAnswer[]) =>
      standing(hold, said(answersOf(hold, ...answers), alice.id), approvers);
    expect(of(given(alice))).toMatchObject({ decided: null, conditions: [{ approvers: [] }] });
    expect(of(given(alice), given(bob))).toMatchObject({
      decided: "approve",
      conditions: [{ approvers: [bob.id] }],
    });
    expect(of(given(alice, "deny"), given(bob)).decided).toBe("deny");
  });
});
