import { once } from "node:events";
import { createServer, type AddressInfo } from "node:net";
import { jetstreamManager } from "@nats-io/jetstream";
import {
  BeatListener,
  Bucket,
  BucketWatch,
  connectBus,
  createCredentials,
  FillWatch,
  inspectBus,
  isDurableEnough,
  RecordPublisher,
  seeDurability,
  setUpBus,
} from "@sallyport/bus";
import { streams, subjects, type Beat } from "@sallyport/contracts";
import { freePort, startNats, waitFor } from "@sallyport/testkit";
import { expect, test } from "vitest";
import { z } from "zod";
import { HeardAlarms, silent, smallLayout, TestBus, workerLane } from "./bus.fixture.ts";

const aBeat = (time = Date.now()): Beat => ({
  v: 1,
  type: "beat",
  time,
  revocations: 1,
  complete: true,
  bundle: 2,
  changed: [],
});

test.concurrent("the fill stops sessions, then commands, and lets them in again after a purge", async () => {
  await using bus = await TestBus.start({ layout: { ...smallLayout, recordBytes: 1_000_000 } });
  const worker = await bus.connect("w1");
  const fill = new FillWatch(worker, streams.record(0));
  const publisher = new RecordPublisher(worker);
  const lane = publisher.lane({
    stream: streams.record(0),
    events: subjects.record(0, "w1", "event"),
  });
  await waitFor(() => fill.fill === "open", { what: "the first reading" });
  lane.event(JSON.stringify("x".repeat(800_000)));
  await waitFor(() => fill.fill === "no-sessions", { what: "80 %" });
  lane.event(JSON.stringify("x".repeat(150_000)));
  await waitFor(() => fill.fill === "no-commands", { what: "95 %" });
  const setup = await bus.connect("setup");
  const manager = await jetstreamManager(setup.nats, { checkAPI: false });
  await manager.streams.purge(streams.record(0));
  expect(await waitFor(() => fill.fill === "open", { what: "the purge" })).toBe(true);
  fill.stop();
});

test.concurrent("a beat is fresh for 2 s, whoever else is silent; what is no beat is an alarm", async () => {
  await using bus = await TestBus.start();
  const authn = await bus.connect("authn");
  const worker = await bus.connect("w1");
  const beats = new BeatListener(worker);
  await worker.flush();
  expect(beats.fresh()).toBe(false);
  // By authn's clock, which may be another than this machine's.
  const beat = aBeat(Date.now() + 3_600_000);
  authn.publish("sp.beat", JSON.stringify({ ...beat, extra: 1 }));
  await waitFor(() => bus.alarms.heard.length > 0, { what: "the alarm" });
  expect(beats.fresh()).toBe(false);
  const sent = performance.now();
  authn.publish("sp.beat", JSON.stringify(beat));
  await waitFor(() => beats.fresh(), { what: "the beat" });
  await waitFor(() => !beats.fresh(), { what: "its end" });
  expect(performance.now() - sent).toBeGreaterThan(1900);
  expect(beats.last).toEqual(beat);
  expect(Math.abs((beats.clock ?? 0) - Date.now() - 3_600_000)).toBeLessThan(60_000);
});

test.concurrent("a key that is taken out of the server's configuration ends its connections at once, and no others; given back, they are there again", async () => {
  await using bus = await TestBus.start();
  const [removed, other] = [await bus.connect("w1"), await bus.connect("w2")];
  const authn = await bus.connect("authn");
  const beats = [new BeatListener(removed), new BeatListener(other)];
  const publisher = new RecordPublisher(removed);
  await Promise.all([removed.flush(), other.flush()]);
  const beating = setInterval(() => authn.publish("sp.beat", JSON.stringify(aBeat())), 100);
  await waitFor(() => beats.every((one) => one.fresh()), { what: "the beat" });
  await bus.reload((user) => user !== "w1");
  await waitFor(() => !removed.connected && !beats[0]?.fresh(), { what: "w1 to be cut off" });
  expect(removed.publish(subjects.record(0, "w1", "event"), "")).toBe(false);
  expect(other.connected).toBe(true);
  await waitFor(() => beats[1]?.fresh(), { what: "the other to hear the beat still" });
  // What it still has to say is kept, and stored when it may speak again.
  const stored = new Promise<number>((resolve) =>
    workerLane(publisher).event(JSON.stringify("kept"), resolve),
  );
  await bus.reload(() => true);
  await stored;
  await waitFor(() => beats[0]?.fresh(), { what: "the beat to be heard again" });
  clearInterval(beating);
  expect(publisher.stop()).toBe(0);
});

test.concurrent("a watch that has gone deaf while its connection is up opens anew", async () => {
  await using bus = await TestBus.start();
  const Value = z.number();
  const authn = new Bucket(await bus.connect("authn"), "revocations", Value);
  await authn.put("a", 1);
  const worker = await bus.connect("w1");
  const values: number[] = [];
  const watch = new BucketWatch(worker, new Bucket(worker, "revocations", Value), (change) => {
    if (change.kind === "value") values.push(change.value);
  });
  await watch.ready;
  const setup = await bus.connect("setup");
  const manager = await jetstreamManager(setup.nats, { checkAPI: false });
  for await (const { name } of manager.consumers.list("KV_revocations"))
    await manager.consumers.delete("KV_revocations", name);
  await authn.put("a", 2);
  await waitFor(() => values.includes(2), { what: "the watch to hear again" });
  expect(worker.connected).toBe(true);
  expect(values).toEqual([1, 2]);
});

test.concurrent("an event that fits into no message is an alarm, and a command of that size is refused", async () => {
  await using bus = await TestBus.start();
  const publisher = new RecordPublisher(await bus.connect("w1"));
  const lane = workerLane(publisher);
  const huge = JSON.stringify("x".repeat(5_000_000));
  const recorded = Promise.withResolvers<object>();
  lane.command(huge, Date.now() + 1000, recorded.resolve, "w1");
  expect(await recorded.promise).toEqual({ kind: "closed", code: "record-refused" });
  expect(bus.alarms.names).toEqual(["event-too-large"]);
  lane.event(JSON.stringify("x".repeat(3_000_000)));
  await publisher.drain();
  expect(publisher.counts.stored).toBe(1);
});

test.concurrent("a refused key is an error at once, an absent server after the patience", async () => {
  await using bus = await TestBus.start();
  const [stranger] = await createCredentials(`${bus.directory}/strangers`, { workers: ["w1"] });
  if (!stranger) throw new Error("no credentials were made");
  const options = { credentials: stranger, name: "test", log: silent, alarms: new HeardAlarms() };
  await expect(connectBus({ servers: [bus.nats.url], ...options })).rejects.toThrow(
    "refuses the key of `policy`",
  );
  await expect(
    connectBus({ servers: [`nats://127.0.0.1:${await freePort()}`], patience: 300, ...options }),
  ).rejects.toThrow("cannot be reached");
});

test.concurrent("a key that comes too late for the server is not refused: it is tried again", async () => {
  await using bus = await TestBus.start();
  const credentials = bus.credentials.get("w1");
  if (!credentials) throw new Error("no credentials were made");
  let tries = 0;
  // As nats-server does when it hears nothing for two seconds.
  const impatient = createServer((socket) => {
    tries += 1;
    socket.on("error", () => undefined);
    socket.write(
      'INFO {"server_id":"x","version":"2.15.1","proto":1,"headers":true,"nonce":"x"}\r\n',
    );
    socket.end("-ERR 'Authentication Timeout'\r\n");
  });
  await once(impatient.listen(0, "127.0.0.1"), "listening");
  const { port } = impatient.address() as AddressInfo;
  await expect(
    connectBus({
      servers: [`nats://127.0.0.1:${port}`],
      patience: 1000,
      credentials,
      name: "test",
      log: silent,
      alarms: new HeardAlarms(),
    }),
  ).rejects.toThrow("cannot be reached");
  expect(tries).toBeGreaterThan(1);
  impatient.close();
});

test.concurrent("a server that is there later is found", async () => {
  await using bus = await TestBus.start();
  const { url } = bus.nats;
  await bus.nats.kill();
  const connecting = bus.connect("w1");
  await bus.nats.start();
  expect((await connecting).connected).toBe(true);
  expect(bus.nats.url).toBe(url);
});

test.concurrent("a reconnection that is only accepted, and never served, is no connection", async () => {
  await using bus = await TestBus.start();
  const worker = await bus.connect("w1");
  await bus.nats.kill();
  await waitFor(() => !worker.connected, { what: "the loss" });
  let accepted = 0;
  const mute = createServer(() => accepted++).listen(bus.nats.port, "127.0.0.1");
  await waitFor(() => accepted > 0, { what: "a try" });
  expect(worker.connected).toBe(false);
  expect(worker.publish("sp.cancel", "{}")).toBe(false);
  await new Promise((resolve) => {
    mute.close(resolve);
    void bus.nats.start();
  }).catch(() => {});
});

test.concurrent("what durability can be seen is told, and the rest counts as buffered", async () => {
  const port = await freePort();
  await using bus = await TestBus.start({ config: `http: "127.0.0.1:${port}"` });
  const operator = await bus.connect("operator");
  expect(await seeDurability(operator)).toEqual({
    replicas: 1,
    syncAlways: null,
    worth: "buffered",
  });
  const seen = await seeDurability(operator, { monitoring: `http://127.0.0.1:${port}` });
  expect(seen).toEqual({ replicas: 1, syncAlways: false, worth: "buffered" });
  expect(isDurableEnough("fsync", seen)).toBe(false);
  expect(await inspectBus(operator, smallLayout)).toEqual([]);
  expect(await inspectBus(operator, { ...smallLayout, recordBytes: 1 })).toEqual([
    "RECORD_0: `max_bytes` is 8388608, not 1",
  ]);
});

test.concurrent("a server that syncs each message says so", async () => {
  const port = await freePort();
  await using nats = await startNats({
    config: `http: "127.0.0.1:${port}"\njetstream { sync_interval: always }`,
  });
  const [credentials] = await createCredentials(`${nats.storeDirectory}-keys`, { workers: ["w1"] });
  if (!credentials) throw new Error("no credentials were made");
  const bus = await connectBus({
    servers: [nats.url],
    credentials,
    name: "test",
    log: silent,
    alarms: new HeardAlarms(),
  });
  await setUpBus(bus, smallLayout);
  expect(await seeDurability(bus, { monitoring: `http://127.0.0.1:${port}` })).toEqual({
    replicas: 1,
    syncAlways: true,
    worth: "fsync",
  });
  await bus.stop();
});
