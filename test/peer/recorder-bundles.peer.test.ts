import { createHash } from "node:crypto";
import { Bucket, setUpBus } from "@sallyport/bus";
import { ArchivedBundle, buckets, keys, subjects } from "@sallyport/contracts";
import { SampleSession } from "@sallyport/evidence/sample";
import { chainEnd, manifestAt } from "@sallyport/evidence";
import { waitFor } from "@sallyport/testkit";
import { expect, test } from "vitest";
import { smallLayout } from "./bus.fixture.ts";
import { RecordedBus, type Started } from "./recorder.fixture.ts";

const subject = `$KV.${buckets.bundle}.${keys.bundle}`;

/** Beats as authn does until the recorder keeps this revision. */
async function heardOf(
  recorded: RecordedBus,
  { recorder }: Started,
  revision: number,
): Promise<void> {
  const beat = { v: 1, type: "beat", time: 1, revocations: 0, complete: true, bundle: revision };
  await waitFor(
    () => {
      recorded.setup.publish(subjects.beat, JSON.stringify({ ...beat, changed: [] }));
      return recorder.state()[0]?.bundle === revision;
    },
    { what: `revision ${revision} to be kept` },
  );
}

/** What the manifests name as this revision of the bundle, sorted, and as missing. */
async function bundles(
  { store }: RecordedBus,
  revision: number,
): Promise<{ kept: string[]; missing: number[] }> {
  const kept = new Set<string>();
  const missing: number[] = [];
  const end = (await chainEnd(store, 0))?.manifest.n ?? 0;
  for (let n = 1; n <= end; n++) {
    const { manifest } = await manifestAt(store, 0, n);
    missing.push(...manifest.missingBundles);
    for (const object of manifest.objects)
      if (object.kind === "bundle" && object.revision === revision)
        kept.add(String(await store.get(object.key)));
  }
  return { kept: [...kept].toSorted(), missing };
}

/** Takes the bucket away with all that it holds, and makes an empty one. */
async function loseBundles({ setup }: RecordedBus): Promise<void> {
  await setup.nats.request(`$JS.API.STREAM.DELETE.KV_${buckets.bundle}`, "", { timeout: 5000 });
  await setUpBus(setup, smallLayout);
}

/** A session whose one command was judged under this revision of the bundle. */
async function judgedUnder(
  recorded: RecordedBus,
  revision: number,
  fields: { under?: number } = {},
): Promise<SampleSession> {
  const sample = new SampleSession();
  const open = sample.open();
  const command = sample.command("select 1", { revision });
  const verdict = sample.verdict(command, { revision, ...fields });
  await recorded.put(subjects.record(0, "w1", "verdict"), `${verdict}\n`);
  await recorded.event("w1", open, command.line, sample.result(command, verdict), sample.close());
  return sample;
}

test("the bundle that a verdict names is in the archive before the verdict, old revisions too", async () => {
  await using recorded = await RecordedBus.start();
  const versions = Array.from({ length: 5 }, (_, i) => JSON.stringify({ bundle: i }));
  const revisions: number[] = [];
  for (const bundle of versions) revisions.push(await recorded.put(subject, bundle));
  const { alarms } = await recorded.record();
  for (const [index, revision] of [...revisions.entries()].toReversed()) {
    expect(await recorded.findings(await judgedUnder(recorded, revision))).toEqual([]);
    const end = (await chainEnd(recorded.store, 0))?.manifest;
    const object = end?.objects.find(({ kind }) => kind === "bundle");
    expect(object?.revision).toBe(revision);
    expect(String(await recorded.store.get(object?.key ?? "x"))).toBe(versions[index]);
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

test("a bundle that the bus lost before a verdict named it is kept, beside the one that took its number", async () => {
  await using recorded = await RecordedBus.start();
  const started = await recorded.record();
  const lost = await recorded.put(subject, `"lost"`);
  await heardOf(recorded, started, lost);
  await loseBundles(recorded);
  await heardOf(recorded, started, 0);
  expect(await recorded.findings(await judgedUnder(recorded, lost))).toEqual([]);
  expect(await bundles(recorded, lost)).toEqual({ kept: [`"lost"`], missing: [] });
  expect(await recorded.put(subject, `"new"`)).toBe(lost);
  expect(await recorded.findings(await judgedUnder(recorded, lost))).toEqual([]);
  expect(await bundles(recorded, lost)).toEqual({ kept: [`"lost"`, `"new"`], missing: [] });
  expect(started.alarms.counts).toEqual({});
  expect(recorded.bus.alarms.names).toEqual([]);
  expect((await recorded.chain()).findings).toEqual([]);
});

test("a bundle is archived as soon as it is applied, which is told; lost with its recorder before a verdict names it, it is there", async () => {
  await using recorded = await RecordedBus.start();
  const before = await recorded.record();
  const text = `"applied"`;
  const revision = await recorded.put(subject, text);
  const told = new Bucket(recorded.setup, buckets.leases, ArchivedBundle);
  const { value } = await waitFor(() => told.get(keys.archivedBundle), {
    what: "the recorder to say that it is archived",
  });
  const sha256 = createHash("sha256").update(text).digest("hex");
  expect(value).toMatchObject({ revision, sha256 });
  expect(String(await recorded.store.get(`bundles/${revision}-${sha256}.json`))).toBe(text);
  await before.stop();
  await loseBundles(recorded);
  const { alarms } = await recorded.record();
  expect(await recorded.findings(await judgedUnder(recorded, revision))).toEqual([]);
  expect(await bundles(recorded, revision)).toEqual({ kept: [text], missing: [] });
  expect(alarms.counts).toEqual({});
});

test("a bundle that the bus lost after it was archived is not missing to the next recorder", async () => {
  await using recorded = await RecordedBus.start();
  const before = await recorded.record();
  const revision = await recorded.put(subject, `"archived"`);
  expect(await recorded.findings(await judgedUnder(recorded, revision))).toEqual([]);
  await before.stop();
  await loseBundles(recorded);
  const { alarms } = await recorded.record();
  expect(await recorded.findings(await judgedUnder(recorded, revision))).toEqual([]);
  expect(await bundles(recorded, revision)).toEqual({ kept: [`"archived"`], missing: [] });
  expect(alarms.counts).toEqual({});
});

test("a bundle that was judged under, as later ones do not load, is in the archive, too", async () => {
  await using recorded = await RecordedBus.start();
  await recorded.record();
  const under = await recorded.put(subject, `"loads"`);
  const revision = await recorded.put(subject, `"does not"`);
  expect(await recorded.findings(await judgedUnder(recorded, revision, { under }))).toEqual([]);
  expect((await bundles(recorded, under)).kept).toEqual([`"loads"`]);
  expect((await bundles(recorded, revision)).kept).toEqual([`"does not"`]);
});

test("a command is in the archive in the time that config gives", async () => {
  await using recorded = await RecordedBus.start();
  // A quarter of it is for the commit itself: long beside what a loaded machine takes for that.
  const every = 16_000;
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
