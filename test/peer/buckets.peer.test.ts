import { Bucket, BucketWatch, type BucketChange } from "@sallyport/bus";
import { waitFor } from "@sallyport/testkit";
import { expect, test, vi } from "vitest";
import { z } from "zod";
import { TestBus } from "./bus.fixture.ts";

const Value = z.strictObject({ n: z.number() });
type Value = z.infer<typeof Value>;

const revocations = async (bus: TestBus, user: string): Promise<Bucket<Value>> =>
  new Bucket(await bus.connect(user), "revocations", Value);

test("create, update and delete compare and set", async () => {
  await using bus = await TestBus.start();
  const bucket = await revocations(bus, "authn");
  expect(await bucket.get("a")).toBeNull();
  expect(await bucket.create("a", { n: 1 })).toBe(1);
  expect(await bucket.create("a", { n: 2 })).toBeNull();
  expect(await bucket.update("a", { n: 2 }, 7)).toBeNull();
  expect(await bucket.update("a", { n: 2 }, 1)).toBe(2);
  expect(await bucket.get("a")).toEqual({ key: "a", value: { n: 2 }, revision: 2 });
  expect(await bucket.delete("a", 1)).toBe(false);
  expect(await bucket.delete("a", 2)).toBe(true);
  expect(await bucket.get("a")).toBeNull();
  expect(await bucket.create("a", { n: 3 })).toBe(4);
  const races = await Promise.all(
    Array.from({ length: 20 }, (_, n) => bucket.update("a", { n }, 4)),
  );
  expect(races.filter((revision) => revision !== null)).toEqual([5]);
  expect(bus.alarms.heard).toEqual([]);
});

test("what does not fit the schema is an error", async () => {
  await using bus = await TestBus.start();
  const bucket = await revocations(bus, "authn");
  const authn = await bus.connect("authn");
  authn.publish("$KV.revocations.a", '{"n":"1"}');
  await authn.flush();
  await expect(bucket.get("a")).rejects.toThrow("not what it must be");
});

test("a watch tells what is there and what changes, for each who may read, without an alarm", async () => {
  await using bus = await TestBus.start();
  const bucket = await revocations(bus, "authn");
  await bucket.put("a", { n: 1 });
  await bucket.put("b.c", { n: 2 });
  for (const user of ["w1", "approval", "operator", "authn"]) {
    const connection = await bus.connect(user);
    const changes: BucketChange<Value>[] = [];
    const watch = new BucketWatch(
      connection,
      new Bucket(connection, "revocations", Value),
      (change) => changes.push(change),
    );
    await watch.ready;
    expect(changes.map(({ key }) => key).toSorted()).toEqual(["a", "b.c"]);
    const revision = await bucket.put("a", { n: 3 });
    await waitFor(() => watch.revision === revision, { what: "the change" });
    expect(changes.at(-1)).toEqual({ kind: "value", key: "a", value: { n: 3 }, revision });
    watch.stop();
    await connection.flush();
  }
  const empty = await bus.connect("operator");
  await new BucketWatch(empty, new Bucket(empty, "leases", Value), () => {}).ready;
  expect(bus.alarms.heard).toEqual([]);
});

test("a watch whose beginning is answered too late begins again, so that an empty bucket is ready too", async () => {
  await using bus = await TestBus.start();
  const connection = await bus.connect("operator");
  const request = connection.nats.request.bind(connection.nats);
  let asked = 0;
  // The server makes what it was asked for, and its answer is not waited for any more.
  vi.spyOn(connection.nats, "request").mockImplementation(async (subject, payload, options) => {
    const answer = await request(subject, payload, options);
    if (subject.startsWith("$JS.API.CONSUMER.CREATE.") && ++asked === 1) throw new Error("timeout");
    return answer;
  });
  const watch = new BucketWatch(connection, new Bucket(connection, "leases", Value), () => {});
  await watch.ready;
  expect(asked).toBe(2);
  watch.stop();
});

test("a watch survives a killed server and a store that began again", async () => {
  await using bus = await TestBus.start();
  const bucket = await revocations(bus, "authn");
  await bucket.put("a", { n: 1 });
  await bucket.put("b", { n: 1 });
  const connection = await bus.connect("w1");
  const changes: BucketChange<Value>[] = [];
  const watch = new BucketWatch(
    connection,
    new Bucket(connection, "revocations", Value),
    (change) => changes.push(change),
  );
  await watch.ready;
  await bus.nats.kill();
  await waitFor(() => !connection.connected, { what: "the loss" });
  await bus.nats.start();
  await waitFor(() => connection.connected, { what: "the bus" });
  await waitFor(() => watch.revision === 2, { what: "the watch" });
  expect(changes.length).toBe(2);
  const setup = await bus.connect("setup");
  await setup.nats.request("$JS.API.STREAM.PURGE.KV_revocations", "");
  const writer = await revocations(bus, "authn");
  await writer.put("a", { n: 5 });
  await waitFor(() => changes.length > 2, { what: "the change" });
  await bus.nats.restart();
  await waitFor(() => changes.length > 3, { what: "the vanished key" });
  expect(changes.slice(2)).toEqual([
    { kind: "value", key: "a", value: { n: 5 }, revision: 3 },
    { kind: "gone", key: "b", revision: 0 },
  ]);
});
