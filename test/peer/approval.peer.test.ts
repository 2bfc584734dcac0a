import { createHash } from "node:crypto";
import { jetstreamManager } from "@nats-io/jetstream";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import {
  aCommand,
  aHold,
  aPerson,
  aWorkload,
  type HoldOptions,
} from "@sallyport/approval/hold-fixture";
import {
  encodeLongText,
  encodeOutput,
  newHoldId,
  streams,
  subjects,
  type Command,
  type Hold,
  type Principal,
} from "@sallyport/contracts";
import { waitFor } from "@sallyport/testkit";
import { codeOf, Office, tokenOf } from "./approval.fixture.ts";

const dba = "corp/dba";
const alice = aPerson("alice", { groups: [dba] });
const dora = aPerson("dora", { groups: [dba] });
const olga = aPerson("olga", { groups: [dba] });
const bob = aPerson("bob");
const job = aWorkload("ci", { owner: "corp#olga" });

let office: Office;
beforeAll(async () => {
  office = await Office.open();
  await office.apply({ [dba]: { members: ["corp#bob"] } });
});
afterAll(() => office[Symbol.asyncDispose]());

let count = 0;

/** An open hold of its own command, opened now. */
async function held(options: HoldOptions = {}, seenBy = dora): Promise<Hold> {
  count += 1;
  const text = `DELETE FROM customers WHERE id = ${count}`;
  const hold = aHold({
    principal: job,
    opened: Date.now(),
    id: newHoldId(),
    ...options,
    command: { text, ...options.command },
  });
  return office.pin(hold, seenBy);
}

describe("an answer", () => {
  test("is bound to the hold, recorded, and handed to policy", async () => {
    const hold = await held();
    const answered = await office.answer(alice, hold);
    expect(answered.status).toBe(200);
    expect(office.view(answered)).toMatchObject({
      hold: hold.hold,
      state: "open",
      principal: "corp#ci",
      owner: "corp#olga",
      connection: "orders",
      policies: [{ policy: "asks-0", group: dba, quorum: 1, approvers: ["corp#alice"] }],
      answers: [{ principal: "corp#alice", answer: "approve", reason: "looked at it" }],
    });
    expect(await office.answers(hold)).toEqual([["corp#alice", "approve"]]);
    expect(await office.recorded(hold)).toMatchObject([
      { answer: "approve", principal: { id: "corp#alice" }, reason: "looked at it" },
    ]);
    expect(office.judged).toContainEqual({ v: 1, type: "judge", hold: hold.hold, key: hold.key });
  });

  test("tells what policy made of it, when that was quick", async () => {
    const tried = async () => {
      const hold = await held();
      const answering = office.answer(alice, hold);
      const judged = () => office.judged.some((one) => one.hold === hold.hold);
      await waitFor(judged, { what: "the judge" });
      await office.settle(hold, "used");
      const { state } = office.view(await answering);
      return state === "used" && state;
    };
    expect(await waitFor(tried, { what: "one that was quick" })).toBe("used");
  });

  test("is asked about again until the hold's state changes", async () => {
    const hold = await held();
    await office.answer(alice, hold);
    const asked = () => office.judged.filter((one) => one.hold === hold.hold).length;
    const began = performance.now();
    await waitFor(() => asked() >= 3, { what: "policy to be asked again" });
    // At once, and then after a second at least each time.
    expect(asked()).toBeLessThanOrEqual(3 + (performance.now() - began) / 1000);
    await office.settle(hold, "used");
  });

  test("given twice by the same person is one, recorded once", async () => {
    const hold = await held({ quorum: 2 });
    for (const _ of [1, 2]) expect((await office.answer(alice, hold)).status).toBe(200);
    expect(await office.answers(hold)).toEqual([["corp#alice", "approve"]]);
    expect(await office.recorded(hold)).toHaveLength(1);
    expect(office.judged.every((one) => one.hold !== hold.hold)).toBe(false);
    expect(office.view(await office.show(alice, hold)).policies[0]?.approvers).toEqual([
      "corp#alice",
    ]);
  });

  test("may turn from approval to denial, and not back", async () => {
    const hold = await held({ quorum: 2 });
    await office.answer(alice, hold);
    expect((await office.answer(alice, hold, "deny")).status).toBe(200);
    expect(await office.answers(hold)).toEqual([["corp#alice", "deny"]]);
    const back = await office.answer(alice, hold);
    expect([back.status, codeOf(back)]).toEqual([409, "hold-settled"]);
    expect((await office.recorded(hold)).map(({ answer }) => answer)).toEqual(["approve", "deny"]);
  });

  test("of many who race is never lost", async () => {
    const hold = await held({ quorum: 2 });
    const all = await Promise.all([alice, bob, dora].map((person) => office.answer(person, hold)));
    expect(all.map(({ status }) => status)).toEqual([200, 200, 200]);
    const given = await office.answers(hold);
    expect(given.map(([id]) => id).toSorted()).toEqual(["corp#alice", "corp#bob", "corp#dora"]);
    expect(await office.recorded(hold)).toHaveLength(3);
  });
});

describe("who may not answer (I4)", () => {
  test.each([
    ["the requester", 403, "approver-refused", alice, { principal: alice }],
    ["the requester's owner", 403, "approver-refused", olga, {}],
    ["a workload", 403, "person-required", aWorkload("bot", { groups: [dba] }), {}],
    ["the requesting workload", 403, "person-required", job, {}],
    ["a person of another group", 403, "approver-refused", aPerson("carol"), {}],
    [
      "a person of another issuer's group",
      403,
      "approver-refused",
      aPerson("alice", { issuer: "partner", groups: ["partner/dba"] }),
      {},
    ],
    [
      "an agent with a person's token",
      403,
      "approver-refused",
      aPerson("dora", { groups: [dba], delegation: ["agent"] }),
      {},
    ],
  ] as const)("%s", async (_, status, code, who, options) => {
    const hold = await held(options);
    for (const answer of ["approve", "deny"]) {
      const refused = await office.answer(who, hold, answer);
      expect([refused.status, codeOf(refused)]).toEqual([status, code]);
      expect(refused.body).toHaveProperty("hint");
    }
    expect(await office.answers(hold)).toEqual([]);
    expect(await office.recorded(hold)).toEqual([]);
  });

  test("someone who is revoked, whose earlier approval no longer counts", async () => {
    const hold = await held({ quorum: 2 });
    const eve = aPerson("eve", { groups: [dba] });
    expect((await office.answer(eve, hold)).status).toBe(200);
    await office.revoke(eve.id);
    expect(codeOf(await office.answer(eve, hold, "deny"))).toBe("revoked");
    await office.answer(alice, hold);
    expect(await office.answers(hold)).toEqual([["corp#alice", "approve"]]);
  });

  test("nobody, once one denied who is revoked since", async () => {
    const hold = await held();
    const zoe = aPerson("zoe", { groups: [dba] });
    expect((await office.answer(zoe, hold, "deny")).status).toBe(200);
    await office.revoke(zoe.id);
    expect((await office.answer(alice, hold)).body).toMatchObject({
      code: "hold-settled",
      message: expect.stringContaining("denied"),
    });
    expect(await office.answers(hold)).toEqual([["corp#zoe", "deny"]]);
  });

  test("nobody, when the time is out or the hold is settled", async () => {
    const late = await held({ opened: Date.now() - 10_000, ttl: 5000 });
    expect((await office.answer(alice, late)).body).toMatchObject({
      code: "hold-settled",
      message: expect.stringContaining("expired"),
    });
    for (const state of ["approved", "used", "denied", "withdrawn"] as const) {
      const hold = await held({ state });
      expect(codeOf(await office.answer(alice, hold))).toBe("hold-settled");
    }
  });

  test("an answer repeated after the next hold took the place is still one, and none to the next", async () => {
    const first = await held();
    expect((await office.answer(alice, first)).status).toBe(200);
    const next = await office.pin({ ...first, hold: newHoldId() }, dora);
    const again = await office.answer(alice, first);
    expect(office.view(again)).toMatchObject({ hold: first.hold, state: "used" });
    expect(codeOf(await office.answer(alice, first, "deny"))).toBe("hold-settled");
    expect(codeOf(await office.answer(dora, first))).toBe("hold-settled");
    expect(await office.answers(first)).toEqual([["corp#alice", "approve"]]);
    expect(await office.recorded(first)).toHaveLength(1);
    expect(await office.answers(next)).toEqual([]);
  });

  test("a hold that is none", async () => {
    expect(codeOf(await office.answer(alice, newHoldId()))).toBe("hold-unknown");
    for (const id of ["x", "answer.x", "..%2F..", "%00", "A".repeat(26)])
      expect(codeOf(await office.answer(alice, id))).toBe("request-invalid");
  });
});

describe("a hold whose time is out", () => {
  test("is brought to policy's mind, when nobody answered too", async () => {
    const hold = await held({ opened: Date.now() - 10_000, ttl: 5000 });
    await waitFor(() => office.judged.some((one) => one.hold === hold.hold), { what: "the judge" });
    expect(await office.answers(hold)).toEqual([]);
    await office.settle(hold, "expired");
  });
});

test("whose approval fell is shown so, and policy asked; what was used before is shown as it was", async () => {
  const ann = aPerson("ann", { groups: [dba] });
  const one = await held({ quorum: 2 });
  const replaced = await held();
  const used = await held();
  for (const hold of [one, replaced, used])
    expect((await office.answer(ann, hold)).status).toBe(200);
  await office.settle(used, "used");
  const next = await office.pin({ ...replaced, hold: newHoldId() }, dora);
  const approved = await held();
  await office.answer(ann, approved);
  await office.pin({ ...approved, state: "approved", approvers: [ann.id] }, dora);
  await waitFor(async () => (await office.list(dora, "approved")).length > 0, {
    what: "the approval",
    every: 50,
  });
  office.judged.length = 0;
  await office.revoke(ann.id);
  const wasAsked = () => office.judged.some(({ hold }) => hold === approved.hold);
  await waitFor(wasAsked, { what: "policy to be asked" });
  const shown = async (hold: Hold) => office.view(await office.show(dora, hold));
  for (const hold of [one, approved])
    expect(await shown(hold)).toMatchObject({
      policies: [{ approvers: [] }],
      answers: [{ principal: ann.id, answer: "approve", revoked: true }],
    });
  for (const hold of [replaced, used]) {
    const view = await shown(hold);
    expect(view).toMatchObject({ state: "used", policies: [{ approvers: [ann.id] }] });
    expect(view.answers).toEqual([expect.not.objectContaining({ revoked: true })]);
  }
  expect(office.judged.map(({ hold }) => hold)).not.toContain(one.hold);
  await office.settle(next, "expired");
});

test("a listing shows each person what asks them, what they asked, and what their own asked", async () => {
  const asked = aPerson("pia", { groups: ["corp/privacy"] });
  const max = aPerson("max");
  const etl = aWorkload("etl", { owner: max.id });
  const hold = await held({ groups: ["corp/privacy"], principal: etl }, asked);
  const seen = async (person: Principal) => (await office.list(person)).map((one) => one.hold);
  expect(await seen(asked)).toEqual([hold.hold]);
  expect(await seen(max)).toEqual([hold.hold]);
  expect(await seen(dora)).not.toContain(hold.hold);
  expect(await seen(aPerson("carol"))).toEqual([]);
});

describe("the door", () => {
  test("opens to no request without a person's token", async () => {
    const hold = await held();
    const none = await office.show(null, hold);
    expect([none.status, codeOf(none)]).toEqual([401, "token-missing"]);
    expect(codeOf(await office.show("nonsense", hold))).toBe("token-unreadable");
    for (const path of ["/v1/approvals", `/v1/approvals/${hold.hold}`]) {
      expect(codeOf(await office.request(path, null))).toBe("token-missing");
      expect(codeOf(await office.request(path, job))).toBe("person-required");
    }
    expect(codeOf(await office.show(aPerson("carol"), hold))).toBe("viewer-refused");
  });

  test("seals the token, and says so when authn is away", async () => {
    const hold = await held();
    expect(JSON.stringify(office.verified)).not.toContain(tokenOf(alice));
    office.authnAnswers = false;
    const answered = await office.answer(alice, hold);
    office.authnAnswers = true;
    expect([answered.status, codeOf(answered)]).toEqual([503, "authn-absent"]);
    expect(await office.answers(hold)).toEqual([]);
  });

  test("takes no body that is too large or of another shape", async () => {
    const hold = await held();
    for (const body of [
      "{",
      "[]",
      '{"answer":"yes"}',
      '{"answer":"approve","hold":"x"}',
      "null",
      JSON.stringify({ answer: "approve", reason: "x".repeat(2001) }),
      JSON.stringify({ answer: "approve", reason: "x".repeat(40_000) }),
    ]) {
      const init = { method: "POST", body };
      const refused = await office.request(`/v1/approvals/${hold.hold}/answer`, alice, init);
      expect([refused.status, codeOf(refused)]).toEqual([400, "request-invalid"]);
    }
    expect(await office.answers(hold)).toEqual([]);
  });

  test("is not open to pages of other origins", async () => {
    const { headers } = await office.request("/v1/approvals", alice);
    expect(headers.get("access-control-allow-origin")).toBeNull();
    expect(headers.get("cache-control")).toBe("no-store");
  });
});

describe("a long statement", () => {
  const text = `DELETE FROM customers WHERE id IN (${"7,".repeat(50_000)}7)`;
  const parameters = [{ oid: 25, format: 0, value: "x" }] as const;
  const bytes = encodeLongText({ text, parameters });
  const long = {
    sha256: createHash("sha256").update(bytes).digest("hex"),
    bytes: bytes.length,
    parts: 2,
  };

  /** As a worker writes it: the text into OUTPUT, then the command. */
  async function written(command: Command): Promise<void> {
    const worker = await office.bus.connect("w1");
    const stream = (await jetstreamManager(worker.nats, { checkAPI: false })).jetstream();
    const { session, command: id } = command;
    for (const [n, body] of [bytes.subarray(0, 70_000), bytes.subarray(70_000)].entries()) {
      const header = {
        v: 1,
        type: "output",
        session,
        command: id,
        kind: "text",
        part: n + 1,
        bytes: body.length,
      } as const;
      await stream.publish(subjects.output(0, "w1"), encodeOutput([{ header, body }]));
    }
    await stream.publish(subjects.record(0, "w1", "event"), `${JSON.stringify(command)}\n`);
  }

  const theCommand = (): Command =>
    aCommand({ principal: job, time: Date.now(), text: text.slice(0, 1000), long });

  test("is read from OUTPUT, whole", async () => {
    const command = theCommand();
    await written(command);
    const hold = await held({ command });
    const view = office.view(await office.show(alice, hold));
    expect([view.whole, view.command, view.parameters]).toEqual([true, text, parameters]);
    expect((await office.answer(alice, hold)).status).toBe(200);
  });

  test("is read from the archive when OUTPUT is purged, after a new start too", async () => {
    await office.stop();
    const command = theCommand();
    await written(command);
    await office.archiveAll();
    await office.start();
    const hold = await held({ command });
    const view = office.view(await office.show(alice, hold));
    expect([view.whole, view.command, view.parameters]).toEqual([true, text, parameters]);
  });

  test("that cannot be read whole can be denied, not approved", async () => {
    const sha256 = "0".repeat(64);
    const hold = await held({ command: { text: text.slice(0, 1000), long: { ...long, sha256 } } });
    expect(office.view(await office.show(alice, hold)).whole).toBe(false);
    const refused = await office.answer(alice, hold);
    expect([refused.status, codeOf(refused)]).toEqual([409, "hold-unreadable"]);
    expect((await office.answer(alice, hold, "deny")).status).toBe(200);
  });
});

describe("when parts are away", () => {
  test("a restart forgets nothing: what was decided is asked about again", async () => {
    const [open, decided] = [await held(), await held()];
    await office.answer(alice, decided);
    await office.stop();
    office.judged.length = 0;
    await office.start();
    await waitFor(() => office.judged.some((one) => one.hold === decided.hold), {
      what: "the judge",
    });
    expect((await office.list(dora)).map(({ hold }) => hold)).toContain(open.hold);
    expect((await office.answer(alice, open)).status).toBe(200);
  });

  test("an answer that the record does not take counts for nothing", async () => {
    const hold = await held();
    const setup = await office.bus.connect("setup");
    const manager = await jetstreamManager(setup.nats);
    const { config } = await manager.streams.info(streams.record(0));
    await manager.streams.delete(streams.record(0));
    const answered = await office.answer(alice, hold);
    expect([answered.status, codeOf(answered)]).toEqual([503, "answer-unrecorded"]);
    expect(await office.answers(hold)).toEqual([]);
    await manager.streams.add(config);
    await waitFor(async () => (await office.recorded(hold)).length === 1, {
      what: "the late record",
    });
    expect((await office.answer(alice, hold)).status).toBe(200);
    expect(await office.answers(hold)).toEqual([["corp#alice", "approve"]]);
  });

  test("a bus that is lost is said to be lost, and found again", async () => {
    const hold = await held();
    office.bus.nats.freeze();
    const answered = await office.answer(alice, hold);
    expect(answered.status).toBe(503);
    office.bus.nats.thaw();
    await waitFor(async () => (await office.answer(alice, hold)).status === 200, {
      what: "the bus",
    });
  });
});

test("asking too often is refused, for a minute", async () => {
  const statuses = new Set<number>();
  // The minute may have begun with what was asked before, and end meanwhile.
  for (let n = 0; n < 2 * 241 && !statuses.has(429); n++)
    statuses.add((await office.answer(null, newHoldId())).status);
  expect(statuses).toContain(429);
});
