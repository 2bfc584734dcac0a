import { once } from "node:events";
import { streams, subjects } from "@sallyport/contracts";
import { SampleSession } from "@sallyport/evidence/sample";
import { waitFor } from "@sallyport/testkit";
import { expect, test } from "vitest";
import { RecordedBus } from "./recorder.fixture.ts";
import type { KillPoint } from "./recorder-process.ts";
import { forgetLease, startProcess } from "./recorder-process.fixture.ts";

const manifestsAtLeast = (recorded: RecordedBus, count: number): Promise<unknown> =>
  waitFor(async () => (await recorded.chain()).manifests >= count, { what: `${count} manifests` });

test.concurrent.each([
  "before-objects",
  "between-objects",
  "before-manifest",
  "after-manifest",
  "after-purge",
] satisfies KillPoint[])("a recorder killed %s: the next one has it all, once", async (killAt) => {
  await using recorded = await RecordedBus.start();
  const sessions = [await recorded.session("select 1"), await recorded.session("select 2")];
  const child = startProcess(recorded, killAt);
  const ended = once(child, "exit");
  if (killAt === "after-purge") {
    await manifestsAtLeast(recorded, 1);
    await waitFor(async () => (await recorded.streamState()).messages === 1, { what: "the purge" });
    sessions.push(await recorded.session("select 3"));
  }
  expect((await ended)[1]).toBe("SIGKILL");
  sessions.push(await recorded.session("select 4"));
  await forgetLease(recorded);
  const { alarms } = await recorded.record();
  for (const session of sessions) expect(await recorded.findings(session)).toEqual([]);
  expect((await recorded.chain()).findings).toEqual([]);
  for (const stream of [streams.record(0), streams.output(0)])
    await waitFor(async () => (await recorded.streamState(stream)).messages === 1, {
      what: `${stream} to be purged to its anchor`,
    });
  expect(alarms.counts).toEqual({});
});

test.concurrent("a recorder that was frozen and wakes up beside its successor does no harm", async () => {
  await using recorded = await RecordedBus.start();
  const frozen = startProcess(recorded, null);
  const first = await recorded.session();
  expect(await recorded.findings(first)).toEqual([]);
  frozen.kill("SIGSTOP");
  // The lease is left to end by itself here.
  const { recorder, alarms } = await recorded.record();
  const second = await recorded.session();
  expect(await recorded.findings(second)).toEqual([]);
  frozen.kill("SIGCONT");
  for (let i = 0; i < 5; i++)
    expect(await recorded.findings(await recorded.session(`select ${i}`))).toEqual([]);
  expect((await recorded.chain()).findings).toEqual([]);
  expect(recorder.state()[0]?.active).toBe(true);
  expect(alarms.counts).toEqual({});
  frozen.kill("SIGKILL");
  await once(frozen, "exit");
});

test.concurrent("nats-server killed again and again: every event that was acknowledged is in the archive", async () => {
  await using recorded = await RecordedBus.start();
  const { alarms } = await recorded.record();
  const sample = new SampleSession();
  const store = (line: string): Promise<boolean> =>
    waitFor(
      // What is said while the server is away is lost: soon again.
      () => recorded.put(subjects.record(0, "w1", "event"), `${line}\n`, 1000).then(() => true),
      { what: "an event to be stored" },
    );
  await store(sample.open());
  for (let round = 0; round < 4; round++) {
    for (let i = 0; i < 20; i++)
      await store(sample.event({ type: "own", purpose: "load", text: `${round} ${i}` }));
    await recorded.bus.nats.kill();
    await recorded.bus.nats.start();
  }
  await store(sample.close());
  expect(await recorded.findings(sample)).toEqual([]);
  const { findings } = await recorded.chain();
  expect(findings).toEqual([]);
  expect(alarms.counts["stream-hole"]).toBeUndefined();
});
