import { randomBytes } from "node:crypto";
import { encodeOutput, streams, subjects } from "@sallyport/contracts";
import { SampleSession } from "@sallyport/evidence/sample";
import { waitFor } from "@sallyport/testkit";
import { headers } from "@nats-io/transport-node";
import { expect, test } from "vitest";
import { RecordedBus } from "./recorder.fixture.ts";

test("a session is whole in the archive, and the streams keep only their anchors", async () => {
  await using recorded = await RecordedBus.start();
  await recorded.record();
  const sessions = await Promise.all([1, 2, 3].map((i) => recorded.session(`select ${i}`)));
  for (const session of sessions) expect(await recorded.findings(session)).toEqual([]);
  const record = await recorded.read(sessions[0]?.session ?? "");
  expect(record?.commands[0]?.rows.map(String)).toEqual(["row one", "row two"]);
  expect((await recorded.chain()).findings).toEqual([]);
  for (const stream of [streams.record(0), streams.output(0)])
    await waitFor(async () => (await recorded.streamState(stream)).messages === 1, {
      what: `${stream} to be purged to its anchor`,
    });
  expect(recorded.bus.alarms.names).toEqual([]);
});

test("what was recorded while no recorder ran is read later, in segments of bounded size", async () => {
  await using recorded = await RecordedBus.start();
  const sessions = [];
  for (let i = 0; i < 20; i++)
    sessions.push(await recorded.session(`select '${"x".repeat(20_000)}'`));
  await recorded.record({ segmentBytes: 100_000 });
  for (const session of sessions) expect(await recorded.findings(session)).toEqual([]);
  const { manifests, findings } = await recorded.chain();
  expect(findings).toEqual([]);
  expect(manifests).toBeGreaterThan(0);
});

test("output of several batches and segments is read back whole", async () => {
  await using recorded = await RecordedBus.start();
  const sample = new SampleSession();
  const open = sample.open();
  const command = sample.command("copy orders to stdout", { revision: 0 });
  const verdict = sample.verdict(command, { revision: 0 });
  const bodies = Array.from({ length: 12 }, () => randomBytes(1024 ** 2));
  await recorded.put(subjects.record(0, "w1", "command"), `${open}\n${command.line}\n`);
  await recorded.put(subjects.record(0, "w1", "verdict"), `${verdict}\n`);
  for (const chunk of sample.chunks(command, bodies))
    await recorded.put(subjects.output(0, "w1"), encodeOutput([chunk]));
  await recorded.event("w1", sample.result(command, verdict, bodies), sample.close());
  await recorded.record({ segmentBytes: 3 * 1024 ** 2 });
  await waitFor(async () => (await recorded.streamState(streams.output(0))).messages === 1, {
    what: "the output to be archived and purged",
  });
  expect(await recorded.findings(sample)).toEqual([]);
  const { manifests, findings } = await recorded.chain();
  expect([manifests >= 2, findings]).toEqual([true, []]);
});

test("a recorder that stops archives first, and the next one goes on from the chain", async () => {
  await using recorded = await RecordedBus.start();
  const first = await recorded.record({ every: 60_000 });
  await waitFor(() => first.recorder.state()[0]?.active, { what: "the lease" });
  const one = await recorded.session();
  await first.stop();
  expect(await recorded.findings(one)).toEqual([]);
  const next = await recorded.record();
  const two = await recorded.session();
  expect(await recorded.findings(two)).toEqual([]);
  expect((await recorded.chain()).findings).toEqual([]);
  expect(next.alarms.counts).toEqual({});
});

test("what must not be in the stream is an alarm, kept as it is, and no event", async () => {
  await using recorded = await RecordedBus.start();
  const { alarms } = await recorded.record();
  const honest = await recorded.session("select 1", "w1");
  expect(await recorded.findings(honest)).toEqual([]);
  const sample = new SampleSession({ session: honest.session });
  const stolen = sample.event({ type: "own", purpose: "forged", text: "drop table orders" });
  await recorded.event("w2", stolen);
  const command = sample.command("select 2");
  await recorded.put(subjects.record(0, "w1", "event"), `${sample.verdict(command)}\n`);
  await recorded.put(subjects.record(0, "w1", "event"), "not json\n");
  await recorded.put("sp.rec.0.w1.nonsense", "x\n");
  const made = headers();
  made.set("Nats-Sequence", "1");
  await recorded.setup.nats.request(
    subjects.record(0, "w1", "verdict"),
    `${sample.verdict(command)}\n`,
    {
      headers: made,
      timeout: 5000,
    },
  );
  await recorded.put(subjects.output(0, "w1"), "no chunk");
  await waitFor(
    () => Object.keys(alarms.counts).length === 5 && alarms.counts["record-unreadable"] === 2,
    { what: "the alarms" },
  );
  expect(alarms.counts).toEqual({
    "record-foreign-session": 1,
    "record-wrong-type": 1,
    "record-unreadable": 2,
    "record-wrong-subject": 1,
    "record-header": 1,
  });
  await waitFor(async () => (await recorded.chain()).findings.length === 6, {
    what: "the anomalies to be archived",
  });
  const { findings } = await recorded.chain();
  expect(new Set(findings.map(({ code }) => code))).toEqual(new Set(["anomaly"]));
  const record = await recorded.read(honest.session);
  expect(record?.events).toHaveLength(4);
});

test("a header block that is none is kept as it is, and stops nothing", async () => {
  await using recorded = await RecordedBus.start();
  const { alarms } = await recorded.record();
  const sample = new SampleSession();
  const blocks = [
    "NATS/1.0\r\nno header\r\n\r\n",
    "NATS/1.0\r\n\u0001 name: x\r\n\r\n",
    "NATS/1.0 204 EOB\r\nNats-Num-Pending: 0\r\nNats-Last-Sequence: 0\r\n\r\n",
    "NATS/1.0\r\nNats-Sequence: 1\r\nNATS/1.0\r\n\r\n",
    "NATS/1.0\r\nNats-Stream: X\r\nNats-Subject: x\r\nNats-Sequence: 1\r\n\r\n",
    "nonsense\r\n\r\n",
    "\r\n\r\n",
  ];
  await recorded.event("w1", sample.open());
  for (const block of blocks) {
    const made = headers();
    // nats.js writes none such; somebody else's library may.
    Object.assign(made, { encode: () => Buffer.from(block, "latin1") });
    await recorded.setup.nats.request(subjects.record(0, "w1", "event"), `${sample.close()}\n`, {
      headers: made,
      timeout: 5000,
    });
  }
  const other = await recorded.session("select 1", "w2");
  expect(await recorded.findings(other)).toEqual([]);
  expect(alarms.counts).toEqual({ "record-header": blocks.length });
  const { findings } = await recorded.chain();
  expect(findings.map(({ code }) => code)).toEqual(blocks.map(() => "anomaly"));
  expect((await recorded.read(sample.session))?.events).toHaveLength(1);
});

test("an answer of the server that is aimed at a verdict's subject is an alarm and no verdict", async () => {
  await using recorded = await RecordedBus.start();
  const { alarms } = await recorded.record();
  const sample = new SampleSession();
  const open = sample.open();
  const command = sample.command("drop table orders");
  await recorded.put(subjects.record(0, "w1", "command"), `${open}\n${command.line}\n`);
  // approval may write this key, and the server does not check where its answer to a read goes.
  const approval = await recorded.bus.connect("approval");
  await approval.nats.request("$KV.approvals.answer.x", `${sample.verdict(command)}\n`);
  approval.publish(
    "$JS.API.DIRECT.GET.KV_approvals.$KV.approvals.answer.x",
    "",
    subjects.record(0, "w1", "verdict"),
  );
  await waitFor(() => Object.keys(alarms.counts).length > 0, { what: "an alarm" });
  expect(alarms.counts).toEqual({ "record-header": 1 });
  await recorded.event("w1", sample.close());
  expect((await recorded.findings(sample)).map(({ code }) => code)).toEqual(["no-result"]);
  expect((await recorded.read(sample.session))?.commands[0]?.verdicts).toEqual([]);
  expect((await recorded.chain()).findings).toMatchObject([
    { code: "anomaly", text: expect.stringContaining("Nats-Stream: KV_approvals") as string },
  ]);
});

test("two recorders at once do no harm, and the second takes over", async () => {
  await using recorded = await RecordedBus.start();
  const [a, b] = [await recorded.record(), await recorded.record()];
  const active = () => [a, b].map(({ recorder }) => recorder.state()[0]?.active === true);
  await waitFor(() => active().includes(true), { what: "one to be active" });
  expect(active().filter(Boolean)).toHaveLength(1);
  const one = await recorded.session();
  expect(await recorded.findings(one)).toEqual([]);
  const [first, second] = active()[0] ? [a, b] : [b, a];
  await first.stop();
  await waitFor(() => second.recorder.state()[0]?.active, { what: "the other to be active" });
  const two = await recorded.session();
  expect(await recorded.findings(two)).toEqual([]);
  expect((await recorded.chain()).findings).toEqual([]);
});
