import { jetstreamManager } from "@nats-io/jetstream";
import { RecordPublisher, setUpBus, SetupMismatch, type Recorded } from "@sallyport/bus";
import { streams } from "@sallyport/contracts";
import { waitFor } from "@sallyport/testkit";
import { expect, test, vi } from "vitest";
import { silent, smallLayout, TestBus, workerLane } from "./bus.fixture.ts";

/** Subject and text of every message in the record. */
async function stored(bus: TestBus): Promise<{ subject: string; text: string }[]> {
  const setup = await bus.connect("setup");
  const manager = await jetstreamManager(setup.nats, { checkAPI: false });
  const { state } = await manager.streams.info(streams.record(0));
  const messages: { subject: string; text: string }[] = [];
  for (let seq = state.first_seq; seq <= state.last_seq; seq++) {
    const message = await manager.streams.getMessage(streams.record(0), { seq });
    if (message) messages.push({ subject: message.subject, text: message.string() });
  }
  await setup.stop();
  return messages;
}

test("events of one turn travel in one message, a result with the next command", async () => {
  await using bus = await TestBus.start();
  const publisher = new RecordPublisher(await bus.connect("w1"));
  const events = workerLane(publisher);
  const recorded = Promise.withResolvers<Recorded>();
  events.event('{"a":1}');
  events.command('{"a":2}', performance.now() + 60_000, recorded.resolve, "w1");
  expect(await recorded.promise).toEqual({ kind: "stored", seq: 1 });
  events.event('{"a":3}');
  await publisher.drain();
  expect(await stored(bus)).toEqual([
    { subject: "sp.rec.0.w1.command", text: '{"a":1}\n{"a":2}\n' },
    { subject: "sp.rec.0.w1.event", text: '{"a":3}\n' },
  ]);
  expect(publisher.counts).toEqual({ pendingBytes: 0, stored: 3, resends: 0 });
  expect(publisher.stop()).toBe(0);
  expect(bus.alarms.heard).toEqual([]);
});

test("a message has at most 256 KiB, but for a single larger event", async () => {
  await using bus = await TestBus.start();
  const publisher = new RecordPublisher(await bus.connect("w1"));
  const events = workerLane(publisher);
  const line = (size: number) => JSON.stringify("x".repeat(size));
  for (const size of [100_000, 100_000, 100_000, 500_000, 10]) events.event(line(size));
  await publisher.drain();
  const sizes = (await stored(bus)).map(({ text }) => text.length);
  expect(sizes).toEqual([200_006, 100_003, 500_003, 13]);
});

test("a killed server: the command is closed at once and its bytes are stored later, as an event", async () => {
  await using bus = await TestBus.start();
  const publisher = new RecordPublisher(await bus.connect("w1"));
  const events = workerLane(publisher);
  bus.nats.freeze();
  const recorded = Promise.withResolvers<Recorded>();
  events.command('{"command":"lost"}', performance.now() + 60_000, recorded.resolve, "w1");
  await waitFor(() => publisher.pendingBytes > 0, { what: "the command to be kept" });
  await bus.nats.kill();
  expect(await recorded.promise).toEqual({ kind: "closed", code: "bus-lost" });
  events.event('{"event":"while down"}');
  await bus.nats.start();
  await publisher.drain();
  const texts = await stored(bus);
  expect(texts.map(({ subject }) => subject)).not.toContain("sp.rec.0.w1.command");
  expect(texts.map(({ text }) => text).toSorted()).toEqual([
    '{"command":"lost"}\n',
    '{"event":"while down"}\n',
  ]);
});

test("a frozen server: the command is closed at its deadline", async () => {
  await using bus = await TestBus.start();
  const publisher = new RecordPublisher(await bus.connect("w1"));
  const events = workerLane(publisher);
  bus.nats.freeze();
  const recorded = Promise.withResolvers<Recorded>();
  const asked = Date.now();
  events.command('{"command":"late"}', performance.now() + 300, recorded.resolve, "w1");
  expect(await recorded.promise).toEqual({ kind: "closed", code: "record-unreachable" });
  expect(Date.now() - asked).toBeLessThan(3000);
  bus.nats.thaw();
  await publisher.drain();
  const texts = new Set((await stored(bus)).map(({ text }) => text));
  expect(texts).toEqual(new Set(['{"command":"late"}\n']));
});

test("a full stream refuses commands, keeps their events, and recovers after a purge", async () => {
  await using bus = await TestBus.start({ layout: { ...smallLayout, recordBytes: 100_000 } });
  const publisher = new RecordPublisher(await bus.connect("w1"));
  const events = workerLane(publisher);
  const line = JSON.stringify("x".repeat(90_000));
  events.event(line);
  await publisher.drain();
  const recorded = Promise.withResolvers<Recorded>();
  events.command(line, performance.now() + 60_000, recorded.resolve, "w1");
  expect(await recorded.promise).toEqual({ kind: "closed", code: "record-full" });
  expect(publisher.pendingBytes).toBe(line.length + 1);
  const setup = await bus.connect("setup");
  const manager = await jetstreamManager(setup.nats, { checkAPI: false });
  await manager.streams.purge(streams.record(0));
  await publisher.drain();
  expect((await stored(bus)).map(({ subject }) => subject)).toEqual(["sp.rec.0.w1.event"]);
});

test("what is refused before a clock is set back an hour is sent again all the same", async () => {
  await using bus = await TestBus.start({ layout: { ...smallLayout, recordBytes: 100_000 } });
  const publisher = new RecordPublisher(await bus.connect("w1"));
  const events = workerLane(publisher);
  const line = JSON.stringify("x".repeat(90_000));
  events.event(line);
  await publisher.drain();
  const manager = await jetstreamManager((await bus.connect("setup")).nats, { checkAPI: false });
  const now = Date.now.bind(Date);
  const clock = vi.spyOn(Date, "now");
  const refused = Promise.withResolvers<void>();
  const heard = vi.spyOn(silent, "warn").mockImplementationOnce(() => {
    queueMicrotask(() => {
      clock.mockImplementation(() => now() - 3_600_000);
      refused.resolve();
    });
  });
  try {
    events.event(line);
    await refused.promise;
    await manager.streams.purge(streams.record(0));
    await publisher.drain();
  } finally {
    clock.mockRestore();
    heard.mockRestore();
  }
  expect(await stored(bus)).toHaveLength(1);
});

test("beyond its limit it says so, and refuses commands", async () => {
  await using bus = await TestBus.start();
  const publisher = new RecordPublisher(await bus.connect("w1"), { limit: 1000 });
  const events = workerLane(publisher);
  bus.nats.freeze();
  events.event(JSON.stringify("x".repeat(1000)));
  expect(publisher.writable).toBe(false);
  const recorded = Promise.withResolvers<Recorded>();
  events.command("{}", performance.now() + 60_000, recorded.resolve, "w1");
  expect(await recorded.promise).toEqual({ kind: "closed", code: "record-unreachable" });
  const writable = Promise.withResolvers<void>();
  publisher.onWritable(writable.resolve);
  bus.nats.thaw();
  await writable.promise;
  await publisher.drain();
});

test("set-up refuses a stream that is not as ours, naming each field", async () => {
  await using bus = await TestBus.start();
  const setup = await bus.connect("setup");
  await setUpBus(setup, smallLayout);
  const manager = await jetstreamManager(setup.nats, { checkAPI: false });
  await manager.streams.update("RECORD_0", { max_age: 600_000_000_000, max_bytes: 9_000_000 });
  const failed = await setUpBus(setup, smallLayout).catch((cause: unknown) => cause);
  expect(failed).toBeInstanceOf(SetupMismatch);
  expect((failed as SetupMismatch).problems).toEqual([
    "RECORD_0: `max_bytes` is 9000000, not 8388608",
    "RECORD_0: `max_age` is 600000000000, not off",
  ]);
});
