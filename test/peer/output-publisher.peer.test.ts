import { jetstreamManager } from "@nats-io/jetstream";
import { OutputPublisher } from "@sallyport/bus";
import {
  decodeOutput,
  newCommandId,
  newSessionId,
  streams,
  subjects,
  type OutputChunk,
} from "@sallyport/contracts";
import { waitFor } from "@sallyport/testkit";
import { expect, test } from "vitest";
import { smallLayout, TestBus } from "./bus.fixture.ts";

const session = newSessionId();
const command = newCommandId();
const chunk = (part: number, bytes: number): OutputChunk => ({
  header: { v: 1, type: "output", session, command, kind: "rows", part, bytes },
  body: Buffer.alloc(bytes, part),
});
const open = async (bus: TestBus, window: number): Promise<OutputPublisher> =>
  new OutputPublisher(await bus.connect("w1"), {
    stream: streams.output(0),
    subject: subjects.output(0, "w1"),
    window,
  });

/** Parts in the stream, in order. */
async function parts(bus: TestBus): Promise<number[]> {
  const setup = await bus.connect("setup");
  const manager = await jetstreamManager(setup.nats, { checkAPI: false });
  const { state } = await manager.streams.info(streams.output(0));
  const found: number[] = [];
  for (let seq = state.first_seq; seq <= state.last_seq; seq++) {
    const message = await manager.streams.getMessage(streams.output(0), { seq });
    for (const { header } of decodeOutput(message?.data ?? new Uint8Array()) ?? [])
      found.push(header.part);
  }
  return found;
}

test("chunks of one turn travel together and arrive in order", async () => {
  await using bus = await TestBus.start();
  const publisher = await open(bus, 1_000_000);
  const output = publisher.session();
  for (let part = 1; part <= 10; part++) output.write(chunk(part, 60_000));
  expect(output.unacknowledged).toBe(600_000);
  await publisher.drain();
  expect(output.unacknowledged).toBe(0);
  expect(await parts(bus)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
  expect(bus.alarms.heard).toEqual([]);
});

test("a frozen bus fills the window, and the thaw empties it", async () => {
  await using bus = await TestBus.start();
  const publisher = await open(bus, 100_000);
  const output = publisher.session();
  const other = publisher.session();
  bus.nats.freeze();
  expect(output.write(chunk(1, 60_000))).toBe(true);
  expect(output.hasRoom(60_000)).toBe(false);
  expect(output.write(chunk(2, 60_000))).toBe(false);
  expect(other.hasRoom(60_000)).toBe(true);
  const room = Promise.withResolvers<void>();
  output.onRoom(room.resolve);
  bus.nats.thaw();
  await room.promise;
  await publisher.drain();
});

test("a full stream slows and loses nothing", async () => {
  await using bus = await TestBus.start({ layout: { ...smallLayout, outputBytes: 200_000 } });
  const publisher = await open(bus, 10_000_000);
  const output = publisher.session();
  output.write(chunk(1, 150_000));
  await publisher.drain();
  output.write(chunk(2, 150_000));
  const stored = Promise.withResolvers<void>();
  output.onStored(stored.resolve);
  await waitFor(() => publisher.counts.resends > 0, { what: "another try" });
  expect(output.unacknowledged).toBe(150_000);
  const setup = await bus.connect("setup");
  const manager = await jetstreamManager(setup.nats, { checkAPI: false });
  await manager.streams.purge(streams.output(0));
  await stored.promise;
  expect(await parts(bus)).toEqual([2]);
});
