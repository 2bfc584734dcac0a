import { cp, rm } from "node:fs/promises";
import { streams } from "@sallyport/contracts";
import { waitFor } from "@sallyport/testkit";
import { expect, test } from "vitest";
import { RecordedBus } from "./recorder.fixture.ts";

/** Copies the bus's store as it is now, the server stopped for that moment. */
async function copyStore(recorded: RecordedBus): Promise<string> {
  const { nats, directory } = recorded.bus;
  const copy = `${directory}/copy`;
  await nats.kill("SIGTERM");
  await cp(nats.storeDirectory, copy, { recursive: true });
  await nats.start();
  return copy;
}

async function setBack(recorded: RecordedBus, copy: string): Promise<void> {
  const { nats } = recorded.bus;
  await nats.kill();
  await rm(nats.storeDirectory, { recursive: true });
  await cp(copy, nats.storeDirectory, { recursive: true });
  await nats.start();
}

const codes = async (recorded: RecordedBus): Promise<string[]> =>
  (await recorded.chain()).findings.map(({ code }) => code);

const connected = (recorded: RecordedBus): Promise<unknown> => recorded.streamState();

test.concurrent.each(["running", "stopped"])(
  "a stream set back to an older copy, the recorder %s: nothing unread is purged, and the chain says so",
  async (meanwhile) => {
    await using recorded = await RecordedBus.start();
    const before = await recorded.record();
    const old = await recorded.session("select 'old'");
    expect(await recorded.findings(old)).toEqual([]);
    const copy = await copyStore(recorded);
    await connected(recorded);
    const lost = await recorded.session("select 'lost from the bus'");
    expect(await recorded.findings(lost)).toEqual([]);
    const { first } = await waitFor(
      async () => {
        const state = await recorded.streamState();
        return state.messages === 1 && state;
      },
      { what: "the purge" },
    );
    if (meanwhile === "stopped") await before.stop();
    await setBack(recorded, copy);
    await connected(recorded);
    // Its messages take sequences that were purged before: an anchor below them would delete them unread.
    const again = await recorded.session("select 'again'");
    expect((await recorded.streamState()).first).toBeLessThan(first);
    const now = meanwhile === "stopped" ? await recorded.record() : before;
    for (const session of [old, lost, again]) expect(await recorded.findings(session)).toEqual([]);
    const found = await codes(recorded);
    expect(new Set(found)).toEqual(new Set(["set-back"]));
    expect(found).toHaveLength(2);
    expect(now.alarms.counts["stream-set-back"]).toBe(2);
    await waitFor(async () => (await recorded.streamState()).messages === 1, {
      what: "the stream to be purged to its anchor again",
    });
  },
);

test.concurrent("what was read and not yet archived when the stream was set back is kept", async () => {
  await using recorded = await RecordedBus.start();
  const { recorder } = await recorded.record({ every: 600_000 });
  const copy = await copyStore(recorded);
  await connected(recorded);
  const read = await recorded.session("select 'only in memory'");
  await waitFor(() => (recorder.state()[0]?.position.record ?? 0) >= 3, { what: "the reading" });
  await waitFor(() => (recorder.state()[0]?.position.output ?? 0) >= 1, { what: "the reading" });
  await setBack(recorded, copy);
  expect(await recorded.findings(read)).toEqual([]);
});

test.concurrent("a hole in the stream is named as lost in the chain, and reading goes on", async () => {
  await using recorded = await RecordedBus.start();
  const one = await recorded.session("select 1", "w1");
  await recorded.session("select 2", "w2");
  const three = await recorded.session("select 3", "w1");
  await recorded.setup.nats.request(
    `$JS.API.STREAM.PURGE.${streams.record(0)}`,
    JSON.stringify({ filter: "sp.rec.0.w2.>" }),
    { timeout: 30_000 },
  );
  const { alarms } = await recorded.record();
  for (const session of [one, three]) expect(await recorded.findings(session)).toEqual([]);
  expect(alarms.counts).toEqual({ "stream-hole": 1 });
  expect((await recorded.chain()).findings).toEqual([
    {
      code: "stream-hole",
      object: "manifests/0/000000000001.json",
      severity: "broken",
      text: "manifest 1, record: the bus had lost seq 4 to 6",
    },
  ]);
});

test.concurrent("a stream that was emptied by another hand is noticed", async () => {
  await using recorded = await RecordedBus.start();
  const { alarms } = await recorded.record();
  const one = await recorded.session();
  expect(await recorded.findings(one)).toEqual([]);
  await recorded.setup.nats.request(`$JS.API.STREAM.PURGE.${streams.record(0)}`, "{}", {
    timeout: 30_000,
  });
  const two = await recorded.session();
  expect(await recorded.findings(two)).toEqual([]);
  expect(alarms.counts["stream-set-back"]).toBe(1);
  expect(await codes(recorded)).toEqual(["set-back"]);
});
