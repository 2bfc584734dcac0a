import { mkdir, readdir, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { chainLength, manifestKey, type ArchiveStore, type ByteRange } from "@sallyport/evidence";
import { waitFor } from "@sallyport/testkit";
import { expect, test } from "vitest";
import { RecordedBus } from "./recorder.fixture.ts";
import { bothActive, isActive } from "./recorder-process.fixture.ts";

test.concurrent("two recorders that both think they are active: one loses the race, the chain stays one", async () => {
  await using recorded = await RecordedBus.start();
  const a = await recorded.record({ every: 200 });
  await waitFor(() => isActive(a), { what: "the first to be active" });
  // As if the bucket had forgotten a lease that its holder still trusts.
  const b = await recorded.record({ every: 200 });
  await bothActive(recorded, a, b);
  const sessions = [];
  for (let i = 0; i < 10; i++) {
    const session = await recorded.session(`select ${i}`);
    sessions.push(session);
    expect(await recorded.findings(session)).toEqual([]);
  }
  await waitFor(() => isActive(a) !== isActive(b), { what: "one to stand by" });
  for (const session of sessions) expect(await recorded.findings(session)).toEqual([]);
  expect((await recorded.chain()).findings).toEqual([]);
});

test.concurrent("a manifest in the middle is deleted: the next recorder says so, and goes on behind the end, not in the hole", async () => {
  await using recorded = await RecordedBus.start();
  const first = await recorded.record({ every: 200 });
  for (let i = 0; i < 3; i++) {
    const session = await recorded.session(`select ${i}`);
    expect(await recorded.findings(session)).toEqual([]);
  }
  await first.stop();
  const end = await chainLength(recorded.store, 0);
  await rm(join(recorded.directory, manifestKey(0, 2)));
  const second = await recorded.record({ every: 200 });
  const session = await recorded.session("select 3");
  expect(await recorded.findings(session)).toEqual([]);
  expect(second.alarms.counts).toEqual({ "manifest-missing": 1 });
  expect(await recorded.store.head(manifestKey(0, 2))).toBeNull();
  expect(await chainLength(recorded.store, 0)).toBeGreaterThan(end);
});

/** A store whose medium is full for so many attempts. */
class FullForAWhile implements ArchiveStore {
  readonly #store: ArchiveStore;
  refusals = Number.POSITIVE_INFINITY;

  constructor(store: ArchiveStore) {
    this.#store = store;
  }

  putIfAbsent(key: string, bytes: Uint8Array): Promise<"created" | "exists"> {
    if (this.refusals > 0) {
      this.refusals -= 1;
      return Promise.reject(new Error("no space left on device"));
    }
    return this.#store.putIfAbsent(key, bytes);
  }

  get(key: string, range?: ByteRange): Promise<Buffer | null> {
    return this.#store.get(key, range);
  }

  head(key: string): Promise<{ readonly bytes: number } | null> {
    return this.#store.head(key);
  }

  list(prefix: string, after?: string): AsyncIterable<string> {
    return this.#store.list(prefix, after);
  }
}

test.concurrent("an archive that takes nothing: said on the health page, nothing purged, all there when it does", async () => {
  await using recorded = await RecordedBus.start();
  const store = new FullForAWhile(recorded.store);
  const { recorder, alarms } = await recorded.record({ store });
  const one = await recorded.session();
  await waitFor(() => alarms.counts["archive-unwritable"], { what: "the alarm" });
  const health = await fetch(`http://127.0.0.1:${recorder.http.port}/readyz`);
  expect([health.status, await health.json()]).toMatchObject([
    503,
    { ready: false, partitions: { "0": { archive: "no space left on device" } } },
  ]);
  const two = await recorded.session("select 2");
  expect((await recorded.streamState()).first).toBe(1);
  store.refusals = 0;
  for (const session of [one, two]) expect(await recorded.findings(session)).toEqual([]);
  expect((await recorded.chain()).findings).toEqual([]);
  await waitFor(
    async () => (await fetch(`http://127.0.0.1:${recorder.http.port}/readyz`)).status === 200,
    { what: "the health page to say that it serves" },
  );
});

test.concurrent("an archive in whose place an empty directory lies: nothing goes there, all is in the archive when it is back", async () => {
  await using recorded = await RecordedBus.start();
  const { alarms } = await recorded.record();
  const one = await recorded.session();
  expect(await recorded.findings(one)).toEqual([]);
  const away = `${recorded.directory}-away`;
  await rename(recorded.directory, away);
  await mkdir(recorded.directory);
  const two = await recorded.session("select 2");
  await waitFor(() => alarms.counts["archive-unwritable"], { what: "the alarm" });
  expect(await readdir(recorded.directory)).toEqual([]);
  await rm(recorded.directory, { recursive: true });
  await rename(away, recorded.directory);
  for (const session of [one, two]) expect(await recorded.findings(session)).toEqual([]);
  expect((await recorded.chain()).findings).toEqual([]);
});

test.concurrent("a recorder that is stopped while the archive takes nothing purges only what is in the chain", async () => {
  await using recorded = await RecordedBus.start();
  const store = new FullForAWhile(recorded.store);
  const stopped = await recorded.record({ store });
  const one = await recorded.session("read, sealed, refused");
  await waitFor(() => stopped.alarms.counts["archive-unwritable"], { what: "the alarm" });
  const two = await recorded.session("not read before the stop");
  store.refusals = 1;
  await stopped.stop();
  await recorded.record();
  for (const session of [one, two]) expect(await recorded.findings(session)).toEqual([]);
  expect((await recorded.chain()).findings).toEqual([]);
});

test.concurrent("a bus that freezes and thaws, for shorter and for longer than the lease", async () => {
  await using recorded = await RecordedBus.start();
  const started = await recorded.record();
  expect(await recorded.findings(await recorded.session("before"))).toEqual([]);
  const { nats } = recorded.bus;
  nats.freeze();
  await waitFor(() => !started.bus.connected, { what: "the freeze to be noticed" });
  nats.thaw();
  await waitFor(() => started.bus.connected && recorded.streamState(), { what: "the bus" });
  expect(await recorded.findings(await recorded.session("between"))).toEqual([]);
  nats.freeze();
  await waitFor(() => !isActive(started), { what: "the lease to be given up" });
  nats.thaw();
  await waitFor(() => recorded.streamState(), { what: "the bus" });
  expect(await recorded.findings(await recorded.session("after"))).toEqual([]);
  expect((await recorded.chain()).findings).toEqual([]);
  expect(started.alarms.counts).toEqual({});
});
