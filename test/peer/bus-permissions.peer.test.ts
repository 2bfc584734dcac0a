import { RecordPublisher, TwoGates, type GateOutcome } from "@sallyport/bus";
import { eventHash, newCommandId } from "@sallyport/contracts";
import { passingVerdict, waitFor } from "@sallyport/testkit";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { HeardAlarms, TestBus, workerLane } from "./bus.fixture.ts";

const readBucket = (bucket: string): string[] => [
  `$JS.API.DIRECT.GET.KV_${bucket}.$KV.${bucket}.some.key`,
  `$JS.API.CONSUMER.CREATE.KV_${bucket}.some.$KV.${bucket}.>`,
  `$JS.FC.KV_${bucket}.some`,
];
const stream = (call: string, ...names: string[]): string[] =>
  names.map((name) => `$JS.API.${call}.${name}`);
const allBuckets = ["bundle", "approvals", "revocations", "leases"];

/** The table of the bus, written out by hand: what each user may publish; `*` is any one token. */
const mayPublish: Record<string, string[]> = {
  w1: [
    "sp.rec.0.w1.command",
    "sp.rec.0.w1.event",
    "sp.out.0.w1",
    "sp.authn.verify",
    "sp.policy.release.w1",
    "sp.cancel",
    ...stream("STREAM.INFO", "RECORD_0", "OUTPUT_0"),
    ...readBucket("bundle"),
    ...readBucket("revocations"),
  ],
  policy: [
    "sp.rec.*.*.verdict",
    "$KV.approvals.hold.x",
    "$JS.API.DIRECT.GET.KV_approvals.$KV.approvals.some.key",
    "$JS.API.DIRECT.GET.KV_revocations.$KV.revocations.some.key",
    ...readBucket("bundle"),
  ],
  approval: [
    "sp.rec.*.*.approval",
    "$KV.approvals.answer.x",
    "$KV.approvals.notice.x",
    "sp.policy.judge",
    "sp.authn.verify",
    "$JS.API.DIRECT.GET.OUTPUT_0",
    ...readBucket("approvals"),
    ...readBucket("bundle"),
    ...readBucket("revocations"),
  ],
  authn: [
    "_R.*.some.token",
    "sp.beat",
    "sp.ctl.*.end",
    "sp.ctl.*.drain",
    "sp.rec.0.authn.event",
    "$KV.revocations.principal.x",
    "$KV.revocations.complete",
    "$KV.handles.handle.x",
    "$JS.API.DIRECT.GET.KV_handles.$KV.handles.some.key",
    ...readBucket("revocations"),
    ...stream("STREAM.INFO", "KV_revocations", "KV_bundle"),
  ],
  recorder: [
    ...["DIRECT.GET", "STREAM.MSG.GET", "STREAM.PURGE", "STREAM.INFO"].flatMap((call) =>
      stream(call, "RECORD_0", "OUTPUT_0"),
    ),
    "$KV.leases.partition-0",
    "$JS.API.DIRECT.GET.KV_leases.$KV.leases.some.key",
    "sp.ctl.*.end",
    ...readBucket("bundle"),
  ],
  operator: [
    "$KV.bundle.current",
    "sp.ctl.*.end",
    "sp.ctl.*.drain",
    "sp.authn.revoke",
    "sp.rec.0.operator.event",
    ...stream("STREAM.INFO", "*"),
    ...allBuckets.flatMap(readBucket),
  ],
  // Of the servers' own account, where nobody else is.
  witness: ["$SYS.REQ.SERVER.PING.CONNZ"],
};

/** What each may subscribe to; a queue group after a space. */
const maySubscribe: Record<string, string[]> = {
  w1: [
    "_G.w1.>",
    "_R.w1.>",
    "sp.rec.0.w1.verdict",
    "sp.ctl.w1.>",
    "sp.ctl.all.>",
    "sp.cancel",
    "sp.beat",
  ],
  policy: [
    "_G.policy.>",
    "sp.rec.*.*.command policy",
    "sp.policy.judge policy",
    "sp.policy.release.* policy",
    "sp.beat",
  ],
  approval: ["_G.approval.>", "_R.approval.>"],
  authn: ["_G.authn.>", "sp.authn.verify authn", "sp.authn.revoke authn"],
  recorder: ["_G.recorder.>", "sp.beat"],
  operator: ["_G.operator.>", "_R.operator.>"],
  witness: ["_G.witness.>", "$SYS.ACCOUNT.*.CONNECT"],
};

const users = Object.keys(mayPublish);
const allows = (patterns: readonly string[] | undefined, subject: string): boolean =>
  (patterns ?? []).some((pattern) => {
    const tokens = subject.split(".");
    const wanted = pattern.split(".");
    return (
      tokens.length === wanted.length &&
      wanted.every((token, index) => token === "*" || token === tokens[index])
    );
  });

/** Everything that anyone may, and what nobody may. */
const allPublishes = [
  ...new Set([
    ...Object.values(mayPublish)
      .flat()
      .map((pattern) => pattern.replaceAll("*", "w1")),
    ...["command", "event", "verdict", "approval"].flatMap((kind) =>
      ["w1", "w2", "policy", "authn", "operator", "recorder"].map(
        (writer) => `sp.rec.0.${writer}.${kind}`,
      ),
    ),
    "sp.rec.1.w1.command",
    "sp.rec.1.w1.event",
    "sp.rec.0.w1.command.x",
    "sp.rec.0.w1.x",
    "sp.rec.0.w1.verdict",
    "sp.rec.0.w1.approval",
    "sp.out.0.w2",
    "sp.out.1.w1",
    "sp.policy.release.w2",
    "sp.ctl.w2.end",
    "sp.ctl.w1.drain",
    ...users.flatMap((user) => [`_G.${user}.some.token`, `_R.${user}.some.token`]),
    "$KV.approvals.hold.x",
    "$KV.approvals.answer.x",
    "$KV.approvals.answer.x.y",
    "$KV.approvals.notice.x",
    "$KV.leases.a.b",
    "$KV.bundle.current",
    "$KV.revocations.complete",
    ...[
      "STREAM.CREATE",
      "STREAM.UPDATE",
      "STREAM.DELETE",
      "STREAM.PURGE",
      "STREAM.MSG.GET",
      "STREAM.MSG.DELETE",
      "STREAM.SNAPSHOT",
      "STREAM.RESTORE",
      "STREAM.INFO",
      "DIRECT.GET",
      "CONSUMER.CREATE",
      "CONSUMER.LIST",
    ].flatMap((call) => stream(call, "RECORD_0", "OUTPUT_0", "RECORD_1", "KV_approvals")),
    ...stream("CONSUMER.MSG.NEXT", "RECORD_0.some"),
    "$JS.API.INFO",
    "$JS.API.STREAM.LIST",
    "$JS.API.STREAM.NAMES",
    "$SYS.REQ.SERVER.PING",
    "$SYS.REQ.SERVER.RELOAD",
    "$SYS.ACCOUNT.$G.CONNECT",
    "anything.else",
  ]),
];
const allSubscriptions = [
  ...new Set([
    ...Object.values(maySubscribe).flat(),
    ">",
    "_G.>",
    "_R.>",
    "_INBOX.>",
    "sp.>",
    "$JS.>",
    "$KV.>",
    "$SYS.>",
    "$SYS.ACCOUNT.*.DISCONNECT",
    "$SYS.SERVER.ACCOUNT.*.CONNS",
    ...["command", "event", "verdict", "approval"].flatMap((kind) => [
      `sp.rec.0.w1.${kind}`,
      `sp.rec.0.w2.${kind}`,
      `sp.rec.*.*.${kind}`,
    ]),
    "sp.rec.*.*.command other",
    "sp.policy.judge",
    "sp.policy.release.*",
    "sp.authn.verify",
    "sp.authn.revoke",
    "sp.authn.verify policy",
    "sp.ctl.w2.>",
    "sp.ctl.>",
    "sp.out.0.w1",
  ]),
];

describe("each forbidden publish and subscribe is refused, each other is not", () => {
  let bus: TestBus;
  beforeAll(async () => {
    bus = await TestBus.start();
  });
  afterAll(() => bus[Symbol.asyncDispose]());

  test.each(users)("%s", async (user) => {
    const alarms = new HeardAlarms();
    const connection = await bus.connect(user, alarms);
    const refused = (operation: string): string[] =>
      alarms.heard
        .map(({ fields }) => fields as { operation?: string; subject: string; queue?: string })
        .filter((fields) => fields.operation === operation)
        .map(({ subject, queue }) => (queue ? `${subject} ${queue}` : subject));

    for (const subject of allPublishes) connection.publish(subject, "");
    await connection.flush();
    const forbidden = allPublishes.filter((subject) => !allows(mayPublish[user], subject));
    await waitFor(() => refused("publish").length >= forbidden.length, { what: "the refusals" });
    expect(refused("publish").toSorted()).toEqual(forbidden.toSorted());

    for (const subscription of allSubscriptions) {
      const [subject = "", queue] = subscription.split(" ");
      connection.subscribe(subject, () => {}, queue);
    }
    await connection.flush();
    const unheard = allSubscriptions.filter((one) => !maySubscribe[user]?.includes(one));
    await waitFor(() => refused("subscription").length >= unheard.length, {
      what: "the refusals",
    });
    expect(refused("subscription").toSorted()).toEqual(unheard.toSorted());
  });
});

test("an answer of the server aimed at a verdict's subject is an alarm and never an answer", async () => {
  await using bus = await TestBus.start();
  const worker = await bus.connect("w1");
  const approval = await bus.connect("approval");
  const publisher = new RecordPublisher(worker);
  const lane = workerLane(publisher);
  const gates = new TwoGates({ bus: worker, lane });
  const command = newCommandId();
  const line = JSON.stringify({ command });
  const verdict = passingVerdict({ command, hash: eventHash(line) });
  // What approval may write and ask, and nothing else.
  approval.publish("$KV.approvals.answer.x", `${JSON.stringify(verdict)}\n`);
  const outcomes: GateOutcome[] = [];
  gates.request(
    line,
    { command, hash: eventHash(line), deadline: Date.now() + 1000, sender: "w1" },
    (outcome) => outcomes.push(outcome),
  );
  await publisher.drain();
  const aimed = "sp.rec.0.w1.verdict";
  approval.publish("$JS.API.DIRECT.GET.KV_approvals.$KV.approvals.answer.x", "", aimed);
  await waitFor(() => bus.alarms.heard.length === 1, { what: "the first alarm" });
  approval.publish(
    "$JS.API.CONSUMER.CREATE.KV_approvals.evil.$KV.approvals.>",
    JSON.stringify({
      stream_name: "KV_approvals",
      config: {
        name: "evil",
        deliver_subject: aimed,
        deliver_policy: "all",
        ack_policy: "none",
        filter_subject: "$KV.approvals.>",
      },
    }),
    `${approval.gateInbox}.x`,
  );
  await waitFor(() => bus.alarms.heard.length === 2, { what: "the second alarm" });
  approval.publish("$KV.approvals.answer.y", "{}", aimed);
  await waitFor(() => bus.alarms.heard.length >= 4, { what: "the third alarm" });
  await waitFor(() => outcomes.length > 0, { what: "an outcome" });
  expect(outcomes).toMatchObject([{ kind: "closed", gate: "policy", code: "policy-absent" }]);
  expect(new Set(bus.alarms.names)).toEqual(new Set(["verdict-forged"]));
});
