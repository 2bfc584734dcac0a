import { createPublicKey } from "node:crypto";
import { setTimeout as delay } from "node:timers/promises";
import {
  BeatListener,
  Bucket,
  RecordPublisher,
  RevocationEntry,
  Revocations,
  TwoGates,
} from "@sallyport/bus";
import {
  Answers,
  Beat,
  buckets,
  Bundle,
  Command,
  Control,
  decodeOutput,
  Done,
  eventHash,
  Hold,
  Judge,
  keys,
  newCommandId,
  Notice,
  Peer,
  RecordEvent,
  Release,
  Revoke,
  streams,
  subjects,
  Verdict,
  Verified,
  Verify,
} from "@sallyport/contracts";
import { ArchiveReader, checkChain, checkSession } from "@sallyport/evidence";
import { waitFor } from "@sallyport/testkit";
import { describe, expect, test } from "vitest";
import { z } from "zod";
import { Office } from "./approval.fixture.ts";
import { TestBus, workerLane } from "./bus.fixture.ts";
import { person, PolicyPeers } from "./policy.fixture.ts";
import { RecordedBus } from "./recorder.fixture.ts";
import {
  oldArchive,
  oldEvents,
  oldMessages,
  oldOn,
  oldSigningKey,
  readsOld,
} from "./version-before.fixture.ts";

const text = (value: { readonly data: Buffer }): string => value.data.toString("utf8");
const json = (value: { readonly data: Buffer }): unknown => JSON.parse(text(value));
/** The same command, asked for again now. */
const renewed = (line: string): string =>
  line.replace(/"deadline":\d+/, `"deadline":${Date.now() + 60_000}`);
const bundleOf010 = text(oldOn("$KV.bundle.current")[0] ?? { data: Buffer.alloc(0) });

describe("what version 0.1.0 says", () => {
  const schemaOf = (subject: string): z.ZodType | null => {
    const known: readonly (readonly [string, z.ZodType])[] = [
      ["sp.rec.", RecordEvent],
      ["sp.beat", Beat],
      ["sp.authn.verify", Verify],
      ["sp.authn.revoke", Revoke],
      ["sp.policy.judge", Judge],
      ["sp.policy.release.", Release],
      ["sp.ctl.", Control],
      ["sp.cancel", Peer],
      ["_R.", z.union([Verified, Done])],
      ["$KV.bundle.", Bundle],
      ["$KV.approvals.hold.", Hold],
      ["$KV.approvals.answer.", Answers],
      ["$KV.approvals.notice.", Notice],
      ["$KV.revocations.", RevocationEntry],
    ];
    return known.find(([prefix]) => subject.startsWith(prefix))?.[1] ?? null;
  };

  test("is read, every line of it, and nothing of it is left out by a schema", () => {
    let read = 0;
    for (const { subject, lines } of oldMessages) {
      const schema = schemaOf(subject);
      if (schema === null || lines.length === 0) continue;
      for (const line of lines) {
        const parsed = schema.safeParse(JSON.parse(line));
        expect(parsed.error?.issues, `${subject}: ${line.slice(0, 200)}`).toBeUndefined();
        // A bundle has words for numbers in it; everything else is read as it is written.
        const as: unknown = schema === Bundle ? parsed.data : JSON.parse(line);
        expect(parsed.data).toEqual(as);
        read += 1;
      }
    }
    expect(read).toBeGreaterThan(250);
    for (const { data } of oldOn("sp.out.")) expect(decodeOutput(data)).not.toBeNull();
  });

  test("has every kind of event, verdict and hold state in it that people cause", () => {
    const types = new Set(
      oldOn("sp.rec.").flatMap(({ lines }) =>
        lines.map((line) => RecordEvent.parse(JSON.parse(line)).type),
      ),
    );
    expect([...types].toSorted()).toEqual([
      "approval",
      "close",
      "command",
      "open",
      "own",
      "refused",
      "result",
      "verdict",
    ]);
    const states = new Set(
      oldOn("$KV.approvals.hold.").map((hold) => Hold.parse(json(hold)).state),
    );
    expect([...states].toSorted()).toEqual(["approved", "denied", "open", "used", "withdrawn"]);
  });
});

describe("a service of today among messages of version 0.1.0", () => {
  test("the recorder archives its sessions, and they are complete", async () => {
    await using recorded = await RecordedBus.start();
    expect(await recorded.put(`$KV.${buckets.bundle}.${keys.bundle}`, bundleOf010)).toBe(1);
    for (const { subject, data } of oldMessages)
      if (subject.startsWith("sp.rec.") || subject.startsWith("sp.out."))
        await recorded.put(subject, data);
    const { alarms } = await recorded.record();
    const closed = oldEvents("close").map((line) => RecordEvent.parse(JSON.parse(line)).session);
    for (const session of closed) expect(await recorded.findings({ session }), session).toEqual([]);
    expect(closed.length).toBeGreaterThan(15);
    expect((await recorded.chain()).findings).toEqual([]);
    expect(alarms.counts).toEqual({});
  });

  test("policy judges its commands as its own policy did, so that its workers can read it", async () => {
    await using peers = await PolicyPeers.start();
    expect(await peers.apply(JSON.parse(bundleOf010))).toBe(1);
    const policy = await peers.startPolicy();
    const before = new Map(
      oldEvents("verdict").map((line) => {
        const verdict = Verdict.parse(JSON.parse(line));
        return [verdict.command, verdict] as const;
      }),
    );
    const first = new Map<string, Verdict>();
    for (const line of oldEvents("verdict").toReversed()) {
      const verdict = Verdict.parse(JSON.parse(line));
      first.set(verdict.command, verdict);
    }
    const old = readsOld("RecordEvent");
    let judged = 0;
    for (const line of oldEvents("command")) {
      const command = Command.parse(JSON.parse(line));
      const was = first.get(command.command);
      if (!was || command.deadline === 0) continue;
      const sent = { command, line: renewed(line) };
      peers.send(sent);
      const verdict = await peers.verdict(sent);
      expect(verdict.hash).toBe(eventHash(sent.line));
      expect(verdict, line.slice(0, 300)).toMatchObject({
        decision: was.decision,
        masks: was.masks,
        holds: was.holds,
        policies: was.policies,
        reasons: was.reasons,
      });
      // The same hold: who asked before the upgrade need not ask again after it.
      expect(verdict.hold?.key).toBe(was.hold?.key);
      const said = peers.verdicts.find(({ verdict: one }) => one === verdict)?.line ?? "{}";
      expect(old.safeParse(JSON.parse(said)).error?.issues).toBeUndefined();
      judged += 1;
    }
    expect(judged).toBeGreaterThan(25);
    expect(before.size).toBeGreaterThan(25);
    expect(policy.alarms.counts).toEqual({});
    expect(peers.bus.alarms.names).toEqual([]);
  });

  test("policy takes an answer that people gave to a hold of before", async () => {
    await using peers = await PolicyPeers.start();
    await peers.apply(JSON.parse(bundleOf010));
    const open = oldOn("$KV.approvals.hold.")
      .map((one) => Hold.parse(json(one)))
      .find(({ state }) => state === "open");
    if (!open) throw new Error("no open hold was recorded");
    const until = Date.now() + 600_000;
    const line = renewed(open.command);
    const [waiting] = open.waiting;
    const hold = {
      ...open,
      expires: until,
      command: line,
      waiting: waiting ? [{ ...waiting, worker: "w1", until, hash: eventHash(line) }] : [],
    };
    const policyBus = await peers.bus.connect("policy");
    await new Bucket(policyBus, buckets.approvals, Hold).put(keys.hold(hold.key), hold);
    await peers.startPolicy();
    const command = Command.parse(JSON.parse(open.command));
    const held = {
      ...(JSON.parse(oldEvents("verdict")[0] ?? "{}") as Verdict),
      hold: { id: hold.hold, key: hold.key, state: "open", expires: until, approvers: [] },
    } as Verdict;
    await peers.answer(held, [{ principal: person("alice") }]);
    const verdict = await peers.verdict({ command, line });
    expect(verdict).toMatchObject({ final: true, decision: "pass", hold: { state: "taken" } });
    expect(readsOld("Hold").safeParse(await peers.hold(hold.key)).error?.issues).toBeUndefined();
  });

  test("approval shows a hold of before to people", async () => {
    await using office = await Office.open();
    const [open] = oldOn("$KV.approvals.hold.");
    if (!open) throw new Error("no hold was recorded");
    const hold = { ...Hold.parse(json(open)), expires: Date.now() + 600_000 };
    const asker = { ...person("ci-runner", { groups: ["corp/ci"] }) };
    await office.pin(hold, asker);
    const shown = (await office.list(asker)).find((one) => one.hold === hold.hold);
    expect(shown).toMatchObject({ state: "open", key: hold.key, principal: "corp#ci-runner" });
  });

  test("a worker takes its verdicts, its beat and its revocations", async () => {
    await using bus = await TestBus.start();
    const worker = await bus.connect("w1");
    const policy = await bus.connect("policy");
    const authn = await bus.connect("authn");
    const publisher = new RecordPublisher(worker);
    const verdicts = new RecordPublisher(policy);
    const lane = workerLane(publisher);
    const gates = new TwoGates({ bus: worker, lane });
    await worker.flush();
    const outcomes = new Map<string, number>();
    for (const golden of oldEvents("verdict")) {
      const was = Verdict.parse(JSON.parse(golden));
      if (was.hold && was.hold.state === "open") continue;
      const command = newCommandId();
      const line = JSON.stringify({ command });
      const told = Promise.withResolvers<string>();
      gates.request(
        line,
        { command, hash: eventHash(line), deadline: Date.now() + 60_000, sender: command },
        (outcome) => told.resolve(outcome.kind === "closed" ? outcome.code : outcome.kind),
      );
      const answer = golden.replace(was.command, command).replace(was.hash, eventHash(line));
      verdicts
        .lane({ stream: streams.record(0), events: subjects.record(0, "w1", "verdict") })
        .event(answer);
      const outcome = await told.promise;
      outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1);
    }
    expect([...outcomes.keys()].toSorted()).toEqual(["hold-denied", "open", "policy-denied"]);
    expect(outcomes.get("open")).toBeGreaterThan(20);

    const beats = new BeatListener(worker);
    const revocations = new Revocations(worker, beats);
    await worker.flush();
    for (const { subject, data } of oldOn("$KV.revocations."))
      await authn.nats.request(subject, data, { timeout: 30_000 });
    const last = oldOn("sp.beat").at(-1);
    const renew = async (): Promise<boolean> => {
      authn.publish("sp.beat", last?.data ?? "");
      await delay(20);
      return revocations.current();
    };
    await waitFor(renew, { what: "the worker to serve by an old authn's beat" });
    revocations.stop();
    beats.stop();
    gates.stop();
    expect(publisher.stop() + verdicts.stop()).toBe(0);
    expect(bus.alarms.names).toEqual([]);
  });

  test("its archive verifies, and its sessions are read", async () => {
    const chain = await checkChain(oldArchive, 0, createPublicKey(oldSigningKey));
    expect(chain.findings).toEqual([]);
    const reader = new ArchiveReader(oldArchive);
    const sessions = await reader.sessions();
    expect(sessions.length).toBeGreaterThan(15);
    for (const parts of sessions) {
      const severe = checkSession(await reader.read(parts, true)).filter(
        ({ severity }) => severity === "broken",
      );
      expect(severe).toEqual([]);
    }
    expect(reader.findings).toEqual([]);
  });
});

describe("a message of a version to come is refused by name", () => {
  const next = (line: string): string => line.replace('"v":1', '"v":2');
  const named = (type: string): string =>
    `\`${type}\` of version 2, and this process reads version 1`;

  test("by a worker: a verdict, a beat", async () => {
    await using bus = await TestBus.start();
    const worker = await bus.connect("w1");
    const publisher = new RecordPublisher(worker);
    const lane = workerLane(publisher);
    const gates = new TwoGates({ bus: worker, lane });
    const beats = new BeatListener(worker);
    await worker.flush();
    const verdicts = new RecordPublisher(await bus.connect("policy"));
    verdicts
      .lane({ stream: streams.record(0), events: subjects.record(0, "w1", "verdict") })
      .event(next(oldEvents("verdict")[0] ?? ""));
    (await bus.connect("authn")).publish(
      "sp.beat",
      next(text(oldOn("sp.beat")[0] ?? { data: Buffer.alloc(0) })),
    );
    await waitFor(() => bus.alarms.heard.length === 2, { what: "both alarms" });
    expect(
      new Set(
        bus.alarms.heard.map(
          ({ alarm, fields }) =>
            `${alarm}: ${String(Object.entries(fields).find(([name]) => name === "why")?.[1])}`,
        ),
      ),
    ).toEqual(
      new Set([`verdict-unreadable: ${named("verdict")}`, `message-unreadable: ${named("beat")}`]),
    );
    expect(beats.fresh()).toBe(false);
    beats.stop();
    gates.stop();
    publisher.stop();
    verdicts.stop();
  });

  test("by policy: a command has no answer, a bundle leaves the one before in force", async () => {
    await using peers = await PolicyPeers.start();
    await peers.apply(JSON.parse(bundleOf010));
    const policy = await peers.startPolicy();
    const ready = async (): Promise<string> =>
      (await fetch(`http://127.0.0.1:${policy.http.port}/readyz`)).text();
    const line = oldEvents("command")[0] ?? "";
    const command = Command.parse(JSON.parse(line));
    peers.send({ command, line: next(renewed(line)) });
    await waitFor(() => policy.alarms.counts["command-unreadable"], { what: "the alarm" });
    expect(peers.of({ command, line })).toEqual([]);
    const revision = await peers.apply({ ...(JSON.parse(bundleOf010) as object), v: 2 });
    const after = {
      command,
      line: renewed(line).replace('"revision":1', `"revision":${revision}`),
    };
    peers.send(after);
    expect(await peers.verdict(after)).toMatchObject({ revision, under: 1 });
    expect(await ready()).toContain(named("bundle"));
  });

  test("by the recorder: kept as it came, and named", async () => {
    await using recorded = await RecordedBus.start();
    const { alarms } = await recorded.record();
    const open = oldEvents("open")[0] ?? "";
    await recorded.event("w1", next(open));
    await waitFor(() => alarms.counts["record-unreadable"], { what: "the alarm" });
    const anomaly = await waitFor(
      async () => (await recorded.chain()).findings.find(({ code }) => code === "anomaly"),
      { what: "the anomaly in the archive" },
    );
    expect(anomaly.text).toContain(named("open"));
  });
});
