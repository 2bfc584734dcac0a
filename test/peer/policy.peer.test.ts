import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { subjects } from "@sallyport/contracts";
import { waitFor } from "@sallyport/testkit";
import { serviceProblem } from "../../cli/src/doctor/service-checks.ts";
import { bundleOf, ci, operations, person, policies, PolicyPeers } from "./policy.fixture.ts";

let peers: PolicyPeers;

beforeAll(async () => {
  peers = await PolicyPeers.start();
  await peers.apply(bundleOf(policies));
  // Two processes in one queue group: whatever follows holds whichever of them answers.
  await peers.startPolicy();
  await peers.startPolicy();
});
afterAll(() => peers[Symbol.asyncDispose]());

const alarms = (): string[] =>
  peers.running.flatMap((one) => Object.keys(one.alarms.counts)).toSorted();

const page = async (port: number): Promise<{ bundle: { revision: number } }> => {
  const answer = await fetch(`http://127.0.0.1:${port}/readyz`);
  return (await answer.json()) as { bundle: { revision: number } };
};

describe("an answer", () => {
  test("allows, masks and denies, with policies and revision", async () => {
    expect(await peers.judged(operations.read)).toMatchObject({
      decision: "pass",
      final: true,
      policies: ["ci-works"],
      revision: peers.revision,
    });
    expect(await peers.judged(operations.email)).toMatchObject({
      decision: "pass",
      masks: [{ column: "orders/public.customers.email", masker: "redact" }],
    });
    expect(await peers.judged(operations.drop)).toMatchObject({
      decision: "deny",
      final: true,
      reasons: [{ policy: "builtin:default", operation: "drop orders/public.orders" }],
    });
  });

  test("to commands of one message travels in one message, each hash of its own line", async () => {
    const all = Array.from({ length: 20 }, () => peers.command(operations.read));
    peers.send(...all);
    await Promise.all(all.map((sent) => peers.verdict(sent)));
    const ids = new Set<string>(all.map(({ command }) => command.command));
    const messages = peers.verdicts.filter(({ verdict }) => ids.has(verdict.command));
    expect(messages).toHaveLength(20);
    expect(new Set(messages.map(({ message }) => message)).size).toBe(1);
  });

  test("is none to what is past its deadline, and none to what came as an event", async () => {
    const late = peers.command(operations.read, { deadline: Date.now() - 1 });
    const asEvent = peers.command(operations.read);
    peers.worker.publish(subjects.record(0, "w1", "command"), `${late.line}\n`);
    peers.worker.publish(subjects.record(0, "w1", "event"), `${asEvent.line}\n`);
    await peers.judged(operations.read);
    await peers.judged(operations.read);
    expect([...peers.of(late), ...peers.of(asEvent)]).toEqual([]);
  });

  test("is stored in the record", async () => {
    const verdict = await peers.judged(operations.read);
    const operator = await peers.bus.connect("setup");
    const manager = await (await import("@nats-io/jetstream")).jetstreamManager(operator.nats);
    const last = { last_by_subj: subjects.record(0, "w1", "verdict") };
    const stored = await waitFor(
      async () => {
        // Subscribers may hear a message before the stream has it.
        const text = (await manager.streams.getMessage("RECORD_0", last))?.string() ?? "";
        return text.includes(verdict.command) && text;
      },
      { what: "the verdict in the record" },
    );
    expect(stored).toContain(verdict.hash);
  });
});

describe("malformed", () => {
  test.each([
    ["no JSON", "nonsense"],
    ["a field too many", JSON.stringify({ ...peersCommand(), extra: 1 })],
    ["another version", JSON.stringify({ ...peersCommand(), v: 2 })],
    ["an unknown action", JSON.stringify({ ...peersCommand(), operations: [{ action: "own" }] })],
    ["no operations", JSON.stringify({ ...peersCommand(), operations: undefined })],
  ])("%s is an alarm and gets no answer; its neighbour does", async (_what, line) => {
    const before = alarmCount("command-unreadable");
    const good = peers.command(operations.read);
    peers.worker.publish(subjects.record(0, "w1", "command"), `${line}\n${good.line}\n`);
    expect(await peers.verdict(good)).toMatchObject({ decision: "pass" });
    expect(alarmCount("command-unreadable")).toBe(before + 1);
  });

  test("a message with a header, of no lines, or with a reply to the server is an alarm", async () => {
    const before = alarmCount("command-forged");
    const { headers } = await import("@nats-io/transport-node");
    const good = peers.command(operations.read);
    const forged = headers();
    forged.set("Nats-Stream", "KV_approvals");
    const subject = subjects.record(0, "w1", "command");
    peers.worker.nats.publish(subject, `${good.line}\n`, { headers: forged });
    peers.worker.publish(subject, good.line);
    peers.worker.publish(subject, "");
    await waitFor(() => alarmCount("command-forged") === before + 3, { what: "three alarms" });
    expect(peers.of(good)).toEqual([]);
  });

  function peersCommand(): object {
    return {
      v: 1,
      type: "command",
      session: "a".repeat(26),
      n: 1,
      prev: null,
      time: 1,
      command: "b".repeat(26),
      kind: "simple",
      connection: "orders",
      principal: ci,
      address: "10.0.0.1:1",
      text: "x",
      parameters: [],
      operations: [],
      mayWait: false,
      deadline: Number.MAX_SAFE_INTEGER,
      revision: 0,
    };
  }
  const alarmCount = (name: string): number =>
    peers.running.reduce((sum, one) => sum + (one.alarms.counts[name] ?? 0), 0);
});

describe("the bundle", () => {
  test("changes hot: a command that names a newer revision is judged under it", async () => {
    expect((await peers.judged(operations.drop)).decision).toBe("deny");
    await peers.apply(bundleOf(`${policies} @id("ddl") permit (principal, action, resource);`));
    expect(await peers.judged(operations.drop)).toMatchObject({
      decision: "pass",
      policies: ["ddl"],
      revision: peers.revision,
    });
    await peers.apply(bundleOf(policies));
    expect((await peers.judged(operations.drop)).decision).toBe("deny");
  });

  test("is heard of by the beat, too", async () => {
    const authn = await peers.bus.connect("authn");
    const old = peers.revision;
    await peers.apply(bundleOf(`${policies} @id("ddl") permit (principal, action, resource);`));
    const bundle = peers.revision;
    await waitFor(
      async () => {
        const beat = { v: 1, type: "beat", time: 1, revocations: 0, complete: true, bundle };
        authn.publish(subjects.beat, JSON.stringify({ ...beat, changed: [] }));
        return (await peers.judged(operations.drop, { revision: old })).revision === bundle;
      },
      { what: "the new revision" },
    );
    expect((await peers.judged(operations.drop, { revision: bundle })).decision).toBe("pass");
    await peers.apply(bundleOf(policies));
  });

  test.each([
    ["does not load", bundleOf(`${policies} @blur("x") permit (principal, action, resource);`)],
    ["is of no version", { hello: "world" }],
  ])("that %s is refused, and the one before stays", async (_what, bundle) => {
    const good = peers.revision;
    const refused = await peers.apply(bundle);
    expect(await peers.judged(operations.drop)).toMatchObject({
      decision: "deny",
      revision: refused,
      under: good,
    });
    const pages = await Promise.all(peers.running.map(({ http }) => page(http.port)));
    expect(pages).toContainEqual(
      expect.objectContaining({
        ready: true,
        bundle: expect.objectContaining({
          under: good,
          refused: { revision: refused, mistakes: [expect.any(String)] },
        }),
      }),
    );
    // What `sally doctor` says of it.
    expect(pages.map((one) => serviceProblem(one)?.found)).toContainEqual(
      expect.stringContaining(`refuses revision ${refused} of the bundle`),
    );
    // One that was not there meanwhile stays with the same.
    const late = await peers.startPolicy();
    expect(await page(late.http.port)).toMatchObject({ ready: true, bundle: { under: good } });
    peers.running.pop();
    await late.stop();
    await peers.apply(bundleOf(policies));
    expect(await peers.judged(operations.drop)).not.toHaveProperty("under");
  });
});

describe("a hold", () => {
  test("waits, is approved by a person, and passes once", async () => {
    const sent = peers.command(operations.delete, { text: "delete 1" });
    peers.send(sent);
    const first = await peers.verdict(sent);
    expect(first).toMatchObject({
      decision: "pass",
      final: false,
      holds: [{ policy: "deletes-need-a-dba", group: "corp/dba", quorum: 1 }],
      hold: { state: "open", approvers: [] },
    });
    await peers.answer(first, [{ principal: person("alice") }]);
    expect(await peers.verdict(sent, 2)).toMatchObject({
      decision: "pass",
      final: true,
      hash: first.hash,
      hold: { id: first.hold?.id, state: "taken", approvers: ["corp#alice"] },
    });
    expect(await peers.until(first, "used")).toMatchObject({ usedBy: sent.command.command });
    await peers.judge(first);
    const again = await peers.judged(operations.delete, { text: "delete 1" });
    expect(again).toMatchObject({ final: false, hold: { state: "open" } });
    expect(again.hold?.id).not.toBe(first.hold?.id);
    expect(peers.of(sent)).toHaveLength(2);
  });

  test("that nobody waits on is approved for the next same command, once, by whoever is first", async () => {
    const change = { text: "delete 2", mayWait: false };
    const first = await peers.judged(operations.delete, change);
    expect(first).toMatchObject({ final: true, hold: { state: "open" } });
    await peers.answer(first, [{ principal: person("alice") }]);
    await peers.until(first, "approved");
    const racing = Array.from({ length: 8 }, () => peers.command(operations.delete, change));
    for (const one of racing)
      peers.worker.publish(subjects.record(0, "w1", "command"), `${one.line}\n`);
    const verdicts = await Promise.all(racing.map((one) => peers.verdict(one)));
    expect(verdicts.filter(({ hold }) => hold?.state === "taken")).toHaveLength(1);
    const others = verdicts.filter(({ hold }) => hold?.state === "open");
    expect(others).toHaveLength(7);
    expect(new Set(others.map(({ hold }) => hold?.id)).size).toBe(1);
  });

  test("I4, I7: an approval that is not used falls when its approver is revoked, and the next verdict says so", async () => {
    const change = { text: "delete revoked", mayWait: false };
    const first = await peers.judged(operations.delete, change);
    await peers.answer(first, [{ principal: person("leaver") }]);
    await peers.until(first, "approved");
    await peers.revoke("corp#leaver");
    const next = await peers.judged(operations.delete, change);
    expect(next).toMatchObject({ hold: { state: "open", approvers: [] } });
    expect(next.hold?.id).not.toBe(first.hold?.id);
    expect(next.reasons.map(({ reason }) => reason)).toContain(
      "corp#leaver approved it before and is revoked since, so that counts no more",
    );
    // Another's approval passes it; one who is restored approves as before.
    await peers.answer(next, [{ principal: person("leaver") }, { principal: person("alice") }]);
    await peers.until(next, "approved");
    expect(await peers.judged(operations.delete, change)).toMatchObject({
      hold: { state: "taken" },
    });
    const third = await peers.judged(operations.delete, change);
    await peers.revoke("corp#leaver", "restored");
    await peers.answer(third, [{ principal: person("leaver") }]);
    await peers.until(third, "approved");
    expect(await peers.judged(operations.delete, change)).toMatchObject({
      hold: { state: "taken" },
    });
  });

  test("I4, I7: one who is revoked between the answer and its use lets nothing pass, whoever waits; a denial stands", async () => {
    const sent = peers.command(operations.delete, { text: "delete revoked while it waits" });
    peers.send(sent);
    const first = await peers.verdict(sent);
    await peers.answer(first, [{ principal: person("quitter") }], { judge: false });
    await peers.revoke("corp#quitter");
    await peers.judge(first);
    // One that joins has policy look at the answers, too.
    const joins = peers.command(operations.delete, { text: "delete revoked while it waits" });
    peers.send(joins);
    expect(await peers.verdict(joins)).toMatchObject({
      hold: { id: first.hold?.id, state: "open" },
    });
    expect(peers.of(sent)).toHaveLength(1);
    await peers.answer(first, [{ principal: person("quitter"), answer: "deny" }]);
    expect(await peers.verdict(sent, 2)).toMatchObject({ hold: { state: "denied" } });
  });

  test("is joined by the same command; one answer passes one, the next opens the next hold and all hear of it", async () => {
    const change = { text: "delete 3" };
    const all = [1, 2, 3].map(() => peers.command(operations.delete, change));
    for (const one of all) {
      peers.send(one);
      await peers.verdict(one);
    }
    const [first] = await Promise.all(all.map((one) => peers.verdict(one)));
    if (!first) throw new Error("no verdict");
    await peers.answer(first, [{ principal: person("alice") }]);
    const [a] = all;
    if (!a) throw new Error("no command");
    expect(await peers.verdict(a, 2)).toMatchObject({ hold: { state: "taken" } });
    const next = await peers.hold(first.hold?.key ?? "");
    expect([next.state, next.hold === first.hold?.id]).toEqual(["open", false]);
    expect(next.waiting.map(({ command }) => command)).toEqual(
      all.slice(1).map(({ command }) => command.command),
    );
    const judge = { ...first, hold: { ...first.hold, id: next.hold } } as typeof first;
    await peers.answer(judge, [{ principal: person("alice") }]);
    const [, b, c] = all;
    if (!b || !c) throw new Error("no command");
    for (const one of [b, c])
      expect(await peers.verdict(one, 2)).toMatchObject({
        decision: "pass",
        final: false,
        hold: { id: next.hold, key: next.key, state: "open", expires: next.expires },
      });
    expect(await peers.verdict(b, 3)).toMatchObject({ hold: { id: next.hold, state: "taken" } });
    const moved = await peers.verdict(c, 3);
    const last = await peers.hold(next.key);
    expect(moved).toMatchObject({ final: false, hold: { id: last.hold } });
    expect(last.hold).not.toBe(next.hold);
  });

  test.each([
    ["the requester", { ...person("ci"), id: ci.id }],
    ["the requester's owner", person("olga")],
    ["a workload", person("bot", { kind: "workload" })],
    ["somebody outside the group", person("eve", { groups: ["corp/dev"] })],
    ["a group of the same name elsewhere", person("eve", { groups: ["other/dba"] })],
    ["a token that another acts with", person("alice", { delegation: ["agent"] })],
  ])("is not approved by %s", async (what, principal) => {
    const sent = peers.command(operations.delete, { text: `delete by ${what}` });
    peers.send(sent);
    const first = await peers.verdict(sent);
    await peers.answer(first, [{ principal }]);
    await peers.judged(operations.read);
    expect((await peers.hold(first.hold?.key ?? "")).state).toBe("open");
    await peers.answer(first, [{ principal }, { principal: person("named", { groups: [] }) }]);
    expect(await peers.verdict(sent, 2)).toMatchObject({
      hold: { state: "taken", approvers: ["corp#named"] },
    });
  });

  test("needs its quorum of distinct persons", async () => {
    const sent = peers.command(operations.update, { text: "update" });
    peers.send(sent);
    const first = await peers.verdict(sent);
    await peers.answer(first, [{ principal: person("alice") }, { principal: person("alice") }]);
    await peers.judged(operations.read);
    expect((await peers.hold(first.hold?.key ?? "")).state).toBe("open");
    await peers.answer(first, [{ principal: person("alice") }, { principal: person("bob") }]);
    expect(await peers.verdict(sent, 2)).toMatchObject({
      hold: { state: "taken", approvers: ["corp#alice", "corp#bob"] },
    });
  });

  test("is denied by one of those asked", async () => {
    const sent = peers.command(operations.delete, { text: "delete 4" });
    peers.send(sent);
    const first = await peers.verdict(sent);
    await peers.answer(first, [
      { principal: person("alice") },
      { principal: person("bob"), answer: "deny", reason: "not today" },
    ]);
    expect(await peers.verdict(sent, 2)).toMatchObject({
      decision: "pass",
      final: true,
      hold: { state: "denied" },
      reasons: [{ policy: "deletes-need-a-dba", reason: "corp#bob denied it: not today" }],
    });
  });

  test("takes no answer that was given to another hold", async () => {
    const sent = peers.command(operations.delete, { text: "delete 5" });
    peers.send(sent);
    const first = await peers.verdict(sent);
    await peers.answer(first, [{ principal: person("alice") }], { key: "0".repeat(64) });
    await peers.judge(first);
    await peers.judged(operations.read);
    expect((await peers.hold(first.hold?.key ?? "")).state).toBe("open");
  });

  test("is of this command alone: text, parameters, principal, connection", async () => {
    const held = (change: object) => peers.judged(operations.delete, { mayWait: false, ...change });
    const text = "delete 6";
    const parameter = { oid: 23, format: 0 as const, value: "1" };
    const keys = await Promise.all([
      held({ text, parameters: [parameter] }),
      held({ text, parameters: [{ ...parameter, value: "2" }] }),
      held({ text, parameters: [{ ...parameter, oid: 25 }] }),
      held({ text: `${text} `, parameters: [parameter] }),
      held({ text, parameters: [parameter], principal: { ...ci, id: "corp#ci2", subject: "ci2" } }),
      held({ text, parameters: [parameter], kind: "execute" }),
    ]);
    expect(new Set(keys.map(({ hold }) => hold?.key)).size).toBe(6);
  });

  test("expires, and says so to who waits", async () => {
    const sent = peers.command(operations.insert, { text: "insert" });
    peers.send(sent);
    const first = await peers.verdict(sent);
    expect(await peers.verdict(sent, 2)).toMatchObject({ final: true, hold: { state: "expired" } });
    await peers.answer(first, [{ principal: person("alice") }]);
    expect((await peers.hold(first.hold?.key ?? "")).state).toBe("expired");
    const again = await peers.judged(operations.insert, { text: "insert" });
    expect(again).toMatchObject({ final: false, hold: { state: "open" } });
  });

  test("is withdrawn when the last who waits cancels, and kept when its client is lost", async () => {
    const sent = peers.command(operations.delete, { text: "delete 7" });
    peers.send(sent);
    const first = await peers.verdict(sent);
    peers.release(first, "disconnected");
    await waitFor(async () => (await peers.hold(first.hold?.key ?? "")).waiting.length === 0, {
      what: "nobody to wait",
    });
    expect((await peers.hold(first.hold?.key ?? "")).state).toBe("open");
    const second = peers.command(operations.delete, { text: "delete 7" });
    peers.send(second);
    const joined = await peers.verdict(second);
    expect(joined.hold?.id).toBe(first.hold?.id);
    peers.release(joined, "cancelled");
    await peers.until(joined, "withdrawn");
  });

  test("is given back by a command that was not sent", async () => {
    const sent = peers.command(operations.delete, { text: "delete 8" });
    peers.send(sent);
    const first = await peers.verdict(sent);
    await peers.answer(first, [{ principal: person("alice") }]);
    const taken = await peers.verdict(sent, 2);
    peers.release({ ...taken, command: "c".repeat(26) as typeof taken.command }, "not-sent");
    peers.release(taken, "not-sent");
    await peers.until(first, "approved");
    expect(await peers.judged(operations.delete, { text: "delete 8" })).toMatchObject({
      final: true,
      hold: { state: "taken" },
    });
  });

  test("is judged again under the policies of that moment", async () => {
    const sent = peers.command(operations.delete, { text: "delete 9" });
    const other = peers.command(operations.update, { text: "update 9" });
    peers.send(sent, other);
    const first = await peers.verdict(sent);
    const second = await peers.verdict(other);
    const frozen = `@id("freeze") @reason("frozen") forbid (principal, action == Action::"delete", resource);`;
    await peers.apply(bundleOf(`${policies.replace('@quorum("2")', '@quorum("1")')} ${frozen}`));
    // Both processes have read it when both answered under it.
    await waitFor(
      async () =>
        (await Promise.all(peers.running.map(({ http }) => page(http.port)))).every(
          ({ bundle }) => bundle.revision === peers.revision,
        ) || (await peers.judged(operations.read), false),
      { what: "both to read the bundle" },
    );
    await peers.answer(first, [{ principal: person("alice") }]);
    expect(await peers.verdict(sent, 2)).toMatchObject({
      decision: "deny",
      final: true,
      reasons: [{ policy: "freeze", reason: "frozen" }],
    });
    await peers.answer(second, [{ principal: person("alice") }, { principal: person("bob") }]);
    expect(await peers.verdict(other, 2)).toMatchObject({
      final: true,
      hold: { state: "withdrawn" },
    });
    await peers.apply(bundleOf(policies));
  });

  test("outlives policy: another process takes it where it was", async () => {
    const sent = peers.command(operations.delete, { text: "delete 10" });
    peers.send(sent);
    const first = await peers.verdict(sent);
    await Promise.all(peers.running.splice(0).map((one) => one.stop()));
    await peers.answer(first, [{ principal: person("alice") }], { judge: false });
    await peers.startPolicy();
    await peers.judge(first);
    expect(await peers.verdict(sent, 2)).toMatchObject({ hold: { state: "taken" } });
  });
});

test("a principal that asks without end leaves room for the others", async () => {
  const principal = { ...ci, id: "corp#flood", subject: "flood" };
  const asked = (n: number) => {
    const text = `delete ${n} ${"x".repeat(60_000)}`;
    return peers.judged(operations.delete, { principal, text, mayWait: false });
  };
  let n = 0;
  let last = await asked(n);
  while (last.decision === "pass" && n < 300) last = await asked(++n);
  expect(last).toMatchObject({
    decision: "deny",
    reasons: [
      {
        policy: "deletes-need-a-dba",
        reason: expect.stringContaining("too much of this principal"),
      },
    ],
  });
  expect(n).toBeGreaterThan(100);
  // Others are asked about, and what was asked about is answered.
  expect(await peers.judged(operations.delete, { text: "delete else" })).toMatchObject({
    hold: { state: "open" },
  });
}, 120_000);

test("a hold that is long over makes room, and the next of its key opens as ever", async () => {
  await Promise.all(peers.running.splice(0).map((one) => one.stop()));
  await peers.startPolicy(100);
  const first = await peers.judged(operations.insert, { text: "insert 2" });
  await waitFor(() => peers.forgotten(first.hold?.key ?? ""), { what: "the hold to be forgotten" });
  const next = await peers.judged(operations.insert, { text: "insert 2" });
  expect(next.hold).toMatchObject({ key: first.hold?.key, state: "open" });
  expect(next.hold?.id).not.toBe(first.hold?.id);
});

test("no alarm was raised but those asked for", () => {
  expect(alarms()).toEqual([]);
  expect(peers.bus.alarms.names).toEqual([]);
});
