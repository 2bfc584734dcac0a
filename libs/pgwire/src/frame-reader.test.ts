import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { eachFrame, FrameReader, type FramePart, type Frames } from "./frame-reader.ts";
import { Backend, Frontend } from "./message-types.ts";
import { ProtocolError } from "./protocol-error.ts";

const frame = (type: number, body: Buffer | string) => {
  const bytes = Buffer.alloc(5 + Buffer.byteLength(body));
  bytes[0] = type;
  bytes.writeInt32BE(bytes.length - 1, 1);
  bytes.set(Buffer.from(body), 5);
  return bytes;
};

const backend = (maxBuffered = 1 << 20) => new FrameReader({ from: "backend", maxBuffered });

function drain(reader: FrameReader, ...chunks: Buffer[]): (Frames | FramePart)[] {
  const items: (Frames | FramePart)[] = [];
  for (const chunk of chunks) {
    reader.push(chunk);
    for (let item = reader.next(); item !== undefined; item = reader.next()) items.push(item);
  }
  return items;
}

const rows = (count: number) =>
  Array.from({ length: count }, (_, index) => frame(Backend.DataRow, `row ${index}`));

const types = (items: (Frames | FramePart)[]) =>
  items.flatMap((item) => (item.kind === "frames" ? Array(item.count).fill(item.type) : ["part"]));

const header = (type: number, length: number) => {
  const bytes = Buffer.alloc(5);
  bytes[0] = type;
  bytes.writeInt32BE(length, 1);
  return bytes;
};

describe("whole frames", () => {
  test("what is read at another pace than it is pushed keeps its order", () => {
    const step = fc.oneof(fc.constant("next" as const), fc.integer({ min: 1, max: 9 }));
    fc.assert(
      fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
        const sent = Buffer.concat(rows(40));
        const reader = backend();
        const read: Buffer[] = [];
        let at = 0;
        for (const one of steps) {
          if (one === "next") {
            const item = reader.next();
            if (item) read.push(Buffer.from(item.bytes));
          } else {
            reader.push(sent.subarray(at, at + one));
            at = Math.min(at + one, sent.length);
          }
        }
        reader.push(sent.subarray(at));
        for (let item = reader.next(); item; item = reader.next()) read.push(item.bytes);
        expect(Buffer.concat(read)).toEqual(sent);
      }),
    );
  });

  test("of a chunk that was lent, nothing is read once its owner writes to it again", () => {
    const step = fc.record({
      bytes: fc.integer({ min: 0, max: 60 }),
      takes: fc.integer({ min: 0, max: 6 }),
    });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60, size: "max" }), (steps) => {
        const sent = Buffer.concat([...rows(20), header(Backend.NoData, 4), ...rows(20)]);
        const reader = backend(24);
        const lent = Buffer.alloc(sent.length);
        const read: Buffer[] = [];
        let at = 0;
        const take = (most: number) => {
          for (let left = most; left > 0; left--) {
            const item = reader.next();
            if (item === undefined) return;
            read.push(Buffer.from(item.bytes));
          }
        };
        for (const { bytes, takes } of [...steps, { bytes: sent.length, takes: Infinity }]) {
          const length = sent.copy(lent, 0, at, at + bytes);
          at += length;
          reader.lend(lent.subarray(0, length), () => take(takes));
          lent.fill("XDX");
          take(takes >> 1);
        }
        take(Infinity);
        expect(Buffer.concat(read)).toEqual(sent);
        expect(reader.pending).toBe(0);
      }),
    );
  });

  test("what was lent is kept when taking it fails", () => {
    const reader = backend();
    const lent = Buffer.concat(rows(1));
    const fail = () => reader.lend(lent, () => JSON.parse("{"));
    expect(fail).toThrow(SyntaxError);
    lent.fill(0);
    expect(reader.next()?.bytes).toEqual(rows(1)[0]);
  });

  test("consecutive rows come as one run, a view of the chunk", () => {
    const chunk = Buffer.concat([
      frame(Backend.BindComplete, ""),
      ...rows(3),
      frame(Backend.CommandComplete, "SELECT 3\0"),
    ]);
    const items = drain(backend(), chunk);
    expect(items.map((item) => [item.type, item.kind === "frames" && item.count])).toEqual([
      [Backend.BindComplete, 1],
      [Backend.DataRow, 3],
      [Backend.CommandComplete, 1],
    ]);
    expect(items[1]?.bytes.buffer).toBe(chunk.buffer);
    expect([...eachFrame(items[1]?.bytes ?? Buffer.alloc(0))]).toEqual(rows(3));
  });

  test("other types never come as a run: each is looked at", () => {
    const ready = frame(Backend.ReadyForQuery, "I");
    expect(drain(backend(), Buffer.concat([ready, ready]))).toHaveLength(2);
  });

  test("cut at every place, in two and byte by byte, the bytes and types are the same", () => {
    const bytes = Buffer.concat([
      frame(Backend.RowDescription, "some fields"),
      ...rows(2),
      frame(Backend.ReadyForQuery, "I"),
    ]);
    const expected = types(drain(backend(), bytes));
    for (let cut = 0; cut <= bytes.length; cut++) {
      const items = drain(backend(), bytes.subarray(0, cut), bytes.subarray(cut));
      expect(Buffer.concat(items.map((item) => item.bytes))).toEqual(bytes);
      expect(types(items)).toEqual(expected);
    }
    const single = drain(backend(), ...[...bytes].map((byte) => Buffer.from([byte])));
    expect(types(single)).toEqual(expected);
  });

  test("chunks pushed before anyone reads are kept in order and counted", () => {
    const reader = backend();
    const bytes = Buffer.concat(rows(10));
    for (let at = 0; at < bytes.length; at += 7) reader.push(bytes.subarray(at, at + 7));
    expect(reader.pending).toBe(bytes.length);
    const items = drain(reader, Buffer.alloc(0));
    expect(Buffer.concat(items.map((item) => item.bytes))).toEqual(bytes);
    expect(reader.pending).toBe(0);
  });
});

describe("lengths are checked before they are believed", () => {
  test.each([
    ["zero", Frontend.Query, 0, "frame-length"],
    ["shorter than itself", Frontend.Query, 3, "frame-length"],
    ["negative", Frontend.Query, -1, "frame-too-large"],
    ["over the limit", Frontend.Query, 1 << 20, "frame-too-large"],
    ["a Sync of 20 kB", Frontend.Sync, 20_000, "frame-too-large"],
    ["a password of 1 MB", Frontend.Password, 1_000_000, "frame-too-large"],
    ["CopyData of 2 GiB", Frontend.CopyData, 0x7fff_ffff, "frame-too-large"],
    ["unknown type", 0x21, 4, "message-type"],
    ["a server's type from a client", Backend.ReadyForQuery, 5, "message-type"],
  ] as const)("%s", (_, type, length, code) => {
    const reader = new FrameReader({ from: "frontend", maxBuffered: 1 << 20 });
    reader.push(header(type, length));
    const error = thrownBy(() => reader.next());
    expect(error).toMatchObject({ code, fatal: true });
    expect(thrownBy(() => reader.next())).toBe(error);
  });

  test("what came before the broken header is still given out", () => {
    const reader = backend();
    reader.push(Buffer.concat([...rows(2), header(Backend.DataRow, 0)]));
    expect(reader.next()).toMatchObject({ kind: "frames", count: 2 });
    expect(thrownBy(() => reader.next())).toMatchObject({ code: "frame-length" });
  });

  test("a claimed length takes no memory: it grows with what came", () => {
    const reader = new FrameReader({ from: "frontend", maxBuffered: 512 << 20 });
    const before = process.memoryUsage().arrayBuffers;
    drain(reader, header(Frontend.Query, 500 << 20), Buffer.alloc(100_000));
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(2_000_000);
    expect(reader.pending).toBe(100_005);
  });
});

describe("bulk frames over maxBuffered come in parts", () => {
  const large = frame(Backend.DataRow, Buffer.alloc(5_000, 1));
  const bytes = Buffer.concat([...rows(1), large, ...rows(1)]);

  test("however they are cut, and none of it is held", () => {
    for (let size = 1; size < 400; size += 7) {
      const reader = backend(1_000);
      const items: (Frames | FramePart)[] = [];
      for (let at = 0; at < bytes.length; at += size) {
        items.push(...drain(reader, bytes.subarray(at, at + size)));
        expect(reader.pending).toBeLessThan(1_000);
      }
      expect(Buffer.concat(items.map((item) => item.bytes))).toEqual(bytes);
      const parts = items.filter((item) => item.kind === "part");
      expect(parts.map((part) => part.last).lastIndexOf(true)).toBe(parts.length - 1);
      expect(parts.filter((part) => part.last)).toHaveLength(1);
      let offset = 0;
      for (const part of parts) {
        expect(part).toMatchObject({ offset, total: large.length, type: Backend.DataRow });
        offset += part.bytes.length;
      }
      expect(offset).toBe(large.length);
    }
  });

  test("also when the whole frame lies in one chunk", () => {
    expect(drain(backend(1_000), bytes).map((item) => item.kind)).toEqual([
      "frames",
      "part",
      "frames",
    ]);
  });
});

test("whatever the sizes, cuts and limit: the frames that were sent, parts put together", () => {
  const sent = fc.array(
    fc.tuple(
      fc.constantFrom(Backend.DataRow, Backend.CopyData, Backend.CommandComplete),
      fc.nat(120),
    ),
    { maxLength: 40 },
  );
  const cuts = fc.array(fc.integer({ min: 1, max: 300 }), { minLength: 1, maxLength: 20 });
  fc.assert(
    fc.property(sent, cuts, fc.boolean(), ([...list], sizes, lazily) => {
      const maxBuffered = 60;
      const expected = list.map(([type, size], index) =>
        frame(type, Buffer.alloc(type === Backend.CommandComplete ? size % 50 : size, index)),
      );
      const bytes = Buffer.concat(expected);
      const reader = backend(maxBuffered);
      const chunks: Buffer[] = [];
      for (let at = 0, turn = 0; at < bytes.length; turn++) {
        const size = sizes[turn % sizes.length] ?? 1;
        chunks.push(bytes.subarray(at, at + size));
        at += size;
      }
      if (lazily) for (const chunk of chunks.splice(0)) reader.push(chunk);
      const found: Buffer[] = [];
      const parts: Buffer[] = [];
      for (const item of drain(reader, ...chunks, Buffer.alloc(0))) {
        if (item.kind === "frames") found.push(...eachFrame(item.bytes));
        else {
          parts.push(item.bytes);
          if (item.last) found.push(Buffer.concat(parts.splice(0)));
        }
      }
      expect(found).toEqual(expected);
      expect(reader.pending).toBe(0);
    }),
    { numRuns: 1_000 },
  );
});

test("any bytes in any pieces give frames, parts or a ProtocolError, and bounded memory", () => {
  const chunk = fc.oneof(
    fc.uint8Array({ maxLength: 40 }),
    fc
      .tuple(
        fc.constantFrom(...Object.values(Backend), ...Object.values(Frontend)),
        fc.uint8Array({ maxLength: 60 }),
      )
      .map(([type, body]) => frame(type, Buffer.from(body))),
  );
  fc.assert(
    fc.property(
      fc.array(chunk, { maxLength: 30 }),
      fc.constantFrom("frontend", "backend"),
      (chunks, from) => {
        const reader = new FrameReader({ from, maxBuffered: 50, maxFrame: 80 });
        let given = 0;
        let pushed = 0;
        try {
          for (const piece of chunks) {
            reader.push(Buffer.from(piece));
            pushed += piece.length;
            for (let item = reader.next(); item !== undefined; item = reader.next())
              given += item.bytes.length;
            expect(given + reader.pending).toBe(pushed);
            expect(reader.pending).toBeLessThan(50);
          }
        } catch (error) {
          if (!(error instanceof ProtocolError)) throw error;
        }
      },
    ),
    { numRuns: 2_000 },
  );
});

function thrownBy(run: () => unknown): unknown {
  try {
    run();
  } catch (error) {
    return error;
  }
  return undefined;
}

test("a type that may come in parts does when it is too large, and is one frame when it is not", () => {
  const reader = new FrameReader({ from: "frontend", maxBuffered: 64, inParts: [Frontend.Query] });
  const small = frame(Frontend.Query, "SELECT 1\0");
  const large = frame(Frontend.Query, `${"x".repeat(100)}\0`);
  const items = drain(reader, Buffer.concat([small, small, large, frame(Frontend.Sync, "")]));
  expect(items.map(({ kind, type }) => [kind, type])).toEqual([
    ["frames", Frontend.Query],
    ["frames", Frontend.Query],
    ["part", Frontend.Query],
    ["frames", Frontend.Sync],
  ]);
  const others = new FrameReader({ from: "frontend", maxBuffered: 64, inParts: [Frontend.Query] });
  others.push(header(Frontend.Parse, 100));
  expect(() => others.next()).toThrow(ProtocolError);
});
