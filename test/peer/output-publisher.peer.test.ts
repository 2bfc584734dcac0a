import { randomBytes } from "node:crypto";
import { jetstreamManager } from "@nats-io/jetstream";
import { OutputPublisher } from "@sallyport/bus";
import {
  decodeOutput,
  newCommandId,
  newSessionId,
  streams,
  subjects,
  unpackOutput,
  type OutputChunk,
} from "@sallyport/contracts";
import { waitFor } from "@sallyport/testkit";
import { expect, test } from "vitest";
import { smallLayout, TestBus } from "./bus.fixture.ts";

const session = newSessionId();
const command = newCommandId();
/** Of bytes that cannot be packed. */
const chunk = (part: number, bytes: number, body: Buffer = randomBytes(bytes)): OutputChunk => ({
  header: { v: 1, type: "output", session, command, kind: "rows", part, bytes },
  body,
});
const open = async (bus: TestBus, window: number): Promise<OutputPublisher> =>
  new OutputPublisher(await bus.connect("w1"), {
    stream: streams.output(0),
    subject: subjects.output(0, "w1"),
    window,
  });

/** Chunks in the stream, in order. */
async function stored(bus: TestBus): Promise<OutputChunk[]> {
  const setup = await bus.connect("setup");
  const manager = await jetstreamManager(setup.nats, { checkAPI: false });
  const { state } = await manager.streams.info(streams.output(0));
  const found: OutputChunk[] = [];
  for (let seq = state.first_seq; seq <= state.last_seq; seq++) {
    const message = await manager.streams.getMessage(streams.output(0), { seq });
    found.push(...(decodeOutput(message?.data ?? new Uint8Array()) ?? []));
  }
  return found;
}

const parts = async (bus: TestBus): Promise<number[]> =>
  (await stored(bus)).map(({ header }) => header.part);

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
  const all = Promise.withResolvers<void>();
  output.onStored(all.resolve);
  await waitFor(() => publisher.counts.resends > 0, { what: "another try" });
  expect(output.unacknowledged).toBe(150_000);
  const setup = await bus.connect("setup");
  const manager = await jetstreamManager(setup.nats, { checkAPI: false });
  await manager.streams.purge(streams.output(0));
  await all.promise;
  expect(await parts(bus)).toEqual([2]);
});

test("rows are stored packed, a text and what is short are not, and each body is free once it is copied", async () => {
  await using bus = await TestBus.start();
  const publisher = await open(bus, 10_000_000);
  const output = publisher.session();
  const rows = (part: number): Buffer =>
    Buffer.from(Array.from({ length: 4000 }, (_, n) => `row ${part} ${n}`).join(";"));
  const bodies = [rows(1), rows(2), rows(3), Buffer.from("short"), rows(5)];
  const sent = bodies.map((body, at): OutputChunk => {
    const { header } = chunk(at + 1, body.length, body);
    return { header: { ...header, kind: at === 4 ? "text" : "rows" }, body: Buffer.from(body) };
  });
  const copied: number[] = [];
  for (const one of sent)
    output.write(one, () => {
      copied.push(one.header.part);
      // Whoever wrote them uses them again.
      one.body.fill(0x58);
    });
  expect(copied).toEqual([]);
  await publisher.drain();
  expect(copied).toEqual([1, 2, 3, 4, 5]);
  const found = await stored(bus);
  expect(found.map(({ header }) => header.unpacked !== undefined)).toEqual([
    true,
    true,
    true,
    false,
    false,
  ]);
  expect(found.map((one) => Buffer.from(unpackOutput(one) ?? []))).toEqual(bodies);
  for (const { header, body } of found.slice(0, 3))
    expect(body.length).toBeLessThan((header.unpacked ?? 0) / 2);
  expect(publisher.pendingBytes).toBe(0);
  expect(publisher.stop()).toBe(0);
});

test("a window holds what is being packed, and who stops meanwhile is told what was lost", async () => {
  await using bus = await TestBus.start();
  const publisher = await open(bus, 100_000);
  const output = publisher.session();
  expect(output.write(chunk(1, 80_000, Buffer.alloc(80_000, "a")))).toBe(true);
  expect(output.write(chunk(2, 80_000, Buffer.alloc(80_000, "b")))).toBe(false);
  expect(output.unacknowledged).toBe(160_000);
  let room = false;
  output.onRoom(() => {
    room = true;
  });
  // It is not even packed yet, however little it will be.
  expect(room).toBe(false);
  expect(publisher.stop()).toBe(2);
});

test("what lies right behind the last chunk makes it longer until somebody packs it", async () => {
  await using bus = await TestBus.start();
  const publisher = await open(bus, 1_000_000);
  const output = publisher.session();
  const memory = Buffer.from(Array.from({ length: 60_000 }, (_, n) => `row ${n};`).join(""));
  const stretch = (at: number): Buffer => memory.subarray(at * 100_000, (at + 1) * 100_000);
  let copied = false;
  output.write(chunk(1, 100_000, stretch(0)), () => {
    copied = true;
  });
  const lengthen = (bytes: Buffer, part = 1, of = command): boolean =>
    output.lengthen(of, "rows", part, bytes);
  expect(lengthen(stretch(2))).toBe(false);
  expect(lengthen(Buffer.from(stretch(1)))).toBe(false);
  expect(lengthen(stretch(1), 2)).toBe(false);
  expect(lengthen(stretch(1), 1, newCommandId())).toBe(false);
  expect(publisher.session().lengthen(command, "rows", 1, stretch(1))).toBe(false);
  expect(output.unacknowledged).toBe(100_000);
  expect(lengthen(stretch(1))).toBe(true);
  expect(output.unacknowledged).toBe(200_000);
  expect(publisher.pendingBytes).toBe(200_001);
  // A result that is over is packed at once, which frees its bytes.
  output.rest();
  await waitFor(() => copied, { what: "the packed chunk" });
  expect(lengthen(stretch(2))).toBe(false);
  output.write(chunk(2, 100_000, stretch(2)));
  expect(lengthen(stretch(3), 2)).toBe(true);
  const was = Buffer.from(memory);
  memory.fill(0, 0, 200_000);
  await publisher.drain();
  expect(output.unacknowledged).toBe(0);
  expect(publisher.pendingBytes).toBe(0);
  const found = await stored(bus);
  expect(found.map(({ header }) => header.part)).toEqual([1, 2]);
  expect(Buffer.concat(found.map((one) => unpackOutput(one) ?? new Uint8Array()))).toEqual(
    was.subarray(0, 400_000),
  );
});
