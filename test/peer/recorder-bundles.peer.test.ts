import { buckets, keys, subjects } from "@sallyport/contracts";
import { SampleSession } from "@sallyport/evidence/sample";
import { chainEnd, manifestAt } from "@sallyport/evidence";
import { waitFor } from "@sallyport/testkit";
import { expect, test } from "vitest";
import { RecordedBus } from "./recorder.fixture.ts";

/** A session whose one command was judged under this revision of the bundle. */
async function judgedUnder(recorded: RecordedBus, revision: number): Promise<SampleSession> {
  const sample = new SampleSession();
  const open = sample.open();
  const command = sample.command("select 1", { revision });
  const verdict = sample.verdict(command, { revision });
  await recorded.put(subjects.record(0, "w1", "verdict"), `${verdict}\n`);
  await recorded.event("w1", open, command.line, sample.result(command, verdict), sample.close());
  return sample;
}

test("the bundle that a verdict names is in the archive before the verdict, old revisions too", async () => {
  await using recorded = await RecordedBus.start();
  const bundles = Array.from({ length: 5 }, (_, i) => JSON.stringify({ bundle: i }));
  const revisions: number[] = [];
  for (const bundle of bundles)
    revisions.push(await recorded.put(`$KV.${buckets.bundle}.${keys.bundle}`, bundle));
  const { alarms } = await recorded.record();
  for (const [index, revision] of [...revisions.entries()].toReversed()) {
    expect(await recorded.findings(await judgedUnder(recorded, revision))).toEqual([]);
    const end = (await chainEnd(recorded.store, 0))?.manifest;
    const object = end?.objects.find(({ kind }) => kind === "bundle");
    expect(object?.revision).toBe(revision);
    expect(String(await recorded.store.get(object?.key ?? "x"))).toBe(bundles[index]);
  }
  expect(alarms.counts).toEqual({});
  expect(recorded.bus.alarms.names).toEqual([]);
  expect((await recorded.chain()).findings).toEqual([]);
});

test("a revision that the bus no longer has is named as missing, and recording goes on", async () => {
  await using recorded = await RecordedBus.start();
  const { alarms } = await recorded.record();
  expect(await recorded.findings(await judgedUnder(recorded, 77))).toEqual([]);
  expect(alarms.counts).toEqual({ "bundle-missing": 1 });
  expect((await manifestAt(recorded.store, 0, 1)).manifest.missingBundles).toEqual([77]);
  expect((await recorded.chain()).findings.map(({ code }) => code)).toEqual(["bundle-missing"]);
});

test("a command is in the archive in the time that config gives", async () => {
  await using recorded = await RecordedBus.start();
  // Long beside what a loaded machine takes for the commit itself.
  const every = 6000;
  const { recorder } = await recorded.record({ every });
  await waitFor(() => recorder.state()[0]?.active, { what: "the lease" });
  for (let round = 0; round < 2; round++) {
    const ran = performance.now();
    const sample = await recorded.session();
    await waitFor(async () => (await recorded.read(sample.session))?.events.length === 4, {
      what: "the session to be in the archive",
    });
    expect(performance.now() - ran).toBeLessThan(every);
  }
});
