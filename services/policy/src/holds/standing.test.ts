import type { Answers, GivenAnswer, Hold, HoldId, Principal } from "@sallyport/contracts";
import { describe, expect, test } from "vitest";
import { standing } from "./standing.ts";

const person = (subject: string, change: Partial<Principal> = {}): Principal => ({
  id: `corp#${subject}`,
  issuer: "corp",
  subject,
  kind: "person",
  groups: ["corp/dba"],
  delegation: [],
  token: "t",
  claims: {},
  ...change,
});

const requester = person("ci", { kind: "workload", owner: "corp#olga", delegation: ["carol"] });

const hold: Hold = {
  v: 1,
  type: "hold",
  hold: "a".repeat(26) as HoldId,
  key: "0".repeat(64),
  state: "open",
  opened: 0,
  expires: 1000,
  conditions: [
    { policy: "p1", group: "corp/dba", quorum: 2, ttl: 1000, wait: 1000 },
    { policy: "p2", group: "corp/lead", quorum: 1, ttl: 1000, wait: 1000 },
  ],
  masks: [],
  command: "",
  partition: 0,
  worker: "w1",
  waiting: [],
  approvers: [],
};

const yes = (principal: Principal, change: Partial<GivenAnswer> = {}): GivenAnswer => ({
  principal,
  answer: "approve",
  reason: "",
  time: 500,
  ...change,
});

const lead = person("lena", { groups: ["corp/lead"] });

const stand = (given: GivenAnswer[], change: Partial<Answers> = {}) =>
  standing(
    hold,
    requester,
    { v: 1, type: "answers", hold: hold.hold, key: hold.key, answers: given, ...change },
    { "corp/dba": { members: ["corp#dave"] } },
  );

describe("I4", () => {
  const enough = [yes(person("alice")), yes(person("bob")), yes(lead)];

  test("every condition needs its quorum of distinct persons", () => {
    expect(stand(enough)).toEqual({
      decided: "approve",
      approvers: ["corp#alice", "corp#bob", "corp#lena"],
      denials: [],
    });
    expect(stand(enough.slice(0, 2)).decided).toBeNull();
    expect(stand([...enough.slice(1), yes(person("bob"))]).decided).toBeNull();
    expect(standing(hold, requester, null, {}).decided).toBeNull();
  });

  test("a member may be named in config", () => {
    const dave = person("dave", { groups: [] });
    expect(stand([yes(person("alice")), yes(dave), yes(lead)]).decided).toBe("approve");
  });

  test("one deny of those asked denies; of others it counts for nothing", () => {
    const no = { answer: "deny" as const, reason: "no" };
    expect(stand([...enough, yes(person("eve"), no)])).toEqual({
      decided: "deny",
      approvers: [],
      denials: [{ principal: "corp#eve", reason: "no" }],
    });
    expect(stand([...enough, yes(person("eve", { groups: [] }), no)]).decided).toBe("approve");
    expect(stand([...enough, yes(person("olga"), no)]).decided).toBe("approve");
  });

  test.each([
    ["a workload", yes(person("bob", { kind: "workload" }))],
    ["the requester", yes({ ...person("ci"), id: requester.id })],
    ["its owner", yes(person("olga"))],
    ["who acts for it", yes(person("carol"))],
    ["a token that another acts with", yes(person("bob", { delegation: ["bot"] }))],
    ["the same group of another issuer", yes(person("bob", { groups: ["other/dba"] }))],
    ["an answer after the expiry", yes(person("bob"), { time: 1001 })],
  ])("%s does not count", (_what, given) => {
    expect(stand([yes(person("alice")), given, yes(lead)]).decided).toBeNull();
  });

  test("answers to another hold, or to another command's, do not count", () => {
    expect(stand(enough, { hold: "b".repeat(26) as HoldId }).decided).toBeNull();
    expect(stand(enough, { key: "1".repeat(64) }).decided).toBeNull();
  });
});
