import { setImmediate as turn } from "node:timers/promises";
import * as fc from "fast-check";
import { describe, expect, test, vi } from "vitest";
import { Outflow } from "./outflow.ts";
import { ResultBuffers } from "./result-buffers.ts";
import type { LentBuffer } from "./result-buffers.ts";
import type { Running } from "./running.ts";

interface Reading {
  readonly bytes: Buffer;
  /** What it held when it was given. */
  readonly was: Buffer;
  readonly done: (() => void) | undefined;
}

/** One session's way out: who is given its bytes reads them until it says that it is done. */
class Session {
  readonly out: Outflow;
  readonly sent: Buffer[] = [];
  readonly kept: Buffer[] = [];
  readonly readings: Reading[] = [];
  readonly #mark: Buffer;

  constructor(mark: number, buffers: ResultBuffers, stretch = 1024) {
    this.#mark = Buffer.alloc(1, 0x41 + mark);
    this.out = new Outflow((bytes, done) => this.#given(this.sent, bytes, done), buffers, stretch);
  }

  running(): Running {
    const of: Pick<Running, "finished" | "output"> = {
      finished: false,
      output: (bytes: Buffer, lent?: LentBuffer | null) =>
        this.#given(this.kept, bytes, lent?.reader()),
    };
    return of as Running;
  }

  bytes(length: number): Buffer {
    return Buffer.alloc(length, this.#mark);
  }

  #same({ bytes, was }: Reading): void {
    if (!bytes.equals(was)) throw new Error("written over while somebody reads it");
  }

  #given(whole: Buffer[], bytes: Buffer, done: (() => void) | undefined): void {
    const was = Buffer.from(bytes);
    if (!was.equals(Buffer.alloc(was.length, this.#mark))) throw new Error("another one's bytes");
    whole.push(was);
    this.readings.push({ bytes, was, done });
  }

  /** One of its readers goes on; at the end all of them. */
  finish(which: number): void {
    const [one] = this.readings.splice(which % (this.readings.length || 1), 1);
    if (one === undefined) return;
    this.#same(one);
    one.done?.();
    // Twice is once.
    one.done?.();
  }

  check(): void {
    for (const one of this.readings) this.#same(one);
  }
}

describe("buffers that are used again", () => {
  test("never show a session, its record or its client another one's bytes, in whatever order they are read", async () => {
    const step = fc.record({
      who: fc.nat(4),
      what: fc.constantFrom(
        "pass",
        "rewrite",
        "say",
        "taken",
        "next",
        "flush",
        "finish",
        "abandon",
      ),
      length: fc.oneof(fc.nat(60), fc.integer({ min: 2049, max: 4096 }), fc.nat(6000)),
      which: fc.nat(9),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 100, size: "max" }), async (steps) => {
        const buffers = new ResultBuffers(4096, 3);
        const sessions = Array.from({ length: 5 }, (_, mark) => new Session(mark, buffers));
        const running = sessions.map((session) => session.running());
        const said = sessions.map(() => 0);
        const passed = sessions.map(() => 0);
        for (const { who, what, length, which } of steps) {
          const session = sessions[who];
          const of = running[who];
          if (session === undefined || of === undefined) continue;
          const bytes = session.bytes(length);
          switch (what) {
            case "pass":
              session.out.pass(of, bytes);
              passed[who] = (passed[who] ?? 0) + length;
              break;
            case "rewrite":
              // A mask may make them longer, and reserves more than it writes.
              session.out.rewrite(of, length >> 1, (sink) => {
                sink.reserve(length + 100);
                sink.append(bytes);
              });
              passed[who] = (passed[who] ?? 0) + length;
              break;
            case "say":
              session.out.say(bytes);
              said[who] = (said[who] ?? 0) + length;
              break;
            case "taken":
              session.out.taken();
              break;
            case "next":
              running[who] = session.running();
              break;
            case "flush":
              session.out.flush();
              break;
            case "finish":
              session.finish(which);
              break;
            case "abandon":
              // A socket that is destroyed, a bus that is gone: nobody ever says that it is done.
              session.readings.splice(which, 1);
              break;
          }
          // Whoever gave them uses them again.
          bytes.fill(0x21);
          if (which === 0) await turn();
          for (const each of sessions) each.check();
        }
        for (const [who, session] of sessions.entries()) {
          session.out.flush();
          session.check();
          expect(Buffer.concat(session.sent).length).toBe((said[who] ?? 0) + (passed[who] ?? 0));
          expect(Buffer.concat(session.kept).length).toBe(passed[who]);
          while (session.readings.length > 0) session.finish(0);
        }
      }),
      { numRuns: 20 },
    );
  });

  test("are lent again only when the last of their readers is done", () => {
    const buffers = new ResultBuffers(8192, 4);
    const first = buffers.lend();
    const writer = first.reader();
    const client = first.reader();
    const record = first.reader();
    writer();
    record();
    record();
    expect(buffers.lend().bytes).not.toBe(first.bytes);
    client();
    expect(buffers.lend().bytes).toBe(first.bytes);
    expect(buffers.lend().bytes).not.toBe(first.bytes);
  });

  test("that nobody needs are kept up to a number", () => {
    const buffers = new ResultBuffers(8192, 2);
    const lent = Array.from({ length: 5 }, () => buffers.lend());
    for (const one of lent) one.reader()();
    const again = Array.from({ length: 5 }, () => buffers.lend().bytes);
    expect(again.filter((bytes) => lent.some((one) => one.bytes === bytes))).toHaveLength(2);
  });

  test("take a mask that fails halfway with them: what it wrote goes to nobody", () => {
    const buffers = new ResultBuffers(8192, 4);
    const session = new Session(0, buffers);
    const of = session.running();
    expect(() =>
      session.out.rewrite(of, 5000, (sink) => {
        sink.reserve(5000);
        throw new Error("a row differs from its description");
      }),
    ).toThrow("differs");
    session.out.flush();
    expect(session.sent).toEqual([]);
    // The sink has let go of it.
    const lent = buffers.lend();
    lent.bytes.fill(0);
    session.out.pass(of, session.bytes(6000));
    expect(lent.bytes.includes("AAAA")).toBe(false);
  });
});

describe("a result", () => {
  const room = 272 * 1024;
  const timers = { toFake: ["setTimeout", "clearTimeout"] } as const;

  test("leaves when enough has gathered, what ends it at the end of the turn, and the rest after a millisecond", async () => {
    vi.useFakeTimers({ toFake: [...timers.toFake] });
    try {
      const session = new Session(0, new ResultBuffers(room, 4), 64 * 1024);
      const of = session.running();
      session.out.pass(of, session.bytes(40_000));
      expect(session.sent).toHaveLength(0);
      session.out.pass(of, session.bytes(40_000));
      expect(session.sent.map(({ length }) => length)).toEqual([80_000]);
      session.out.pass(of, session.bytes(100));
      session.out.taken();
      await turn();
      expect(session.sent).toHaveLength(1);
      vi.advanceTimersByTime(1);
      expect(session.sent.map(({ length }) => length)).toEqual([80_000, 100]);
      session.out.pass(of, session.bytes(100));
      session.out.say(session.bytes(10));
      session.out.taken();
      expect(session.sent).toHaveLength(2);
      await turn();
      expect(session.sent.map(({ length }) => length)).toEqual([80_000, 100, 110]);
      expect(session.kept.map(({ length }) => length)).toEqual([80_000, 100, 100]);
    } finally {
      vi.useRealTimers();
    }
  });

  test("lies in one memory as long as there is room, which is let go of when nothing more comes", () => {
    vi.useFakeTimers({ toFake: [...timers.toFake] });
    try {
      const buffers = new ResultBuffers(room, 4);
      const session = new Session(0, buffers, 64 * 1024);
      const of = session.running();
      for (let stretch = 0; stretch < 4; stretch++) {
        session.out.pass(of, session.bytes(65_600));
        session.out.taken();
      }
      const [first, ...others] = session.readings.filter((_, at) => at % 2 === 0);
      expect(first?.bytes.length).toBe(65_600);
      for (const [at, { bytes }] of others.slice(0, 2).entries()) {
        expect(bytes.buffer).toBe(first?.bytes.buffer);
        expect(bytes.byteOffset).toBe((at + 1) * 65_600);
      }
      const next = session.readings.length;
      session.out.pass(of, session.bytes(65_600));
      expect(session.readings[next]?.bytes.buffer).not.toBe(first?.bytes.buffer);
      const last = session.readings.at(-1)?.bytes.buffer;
      while (session.readings.length > 0) session.finish(0);
      expect(buffers.lend().bytes.buffer).toBe(first?.bytes.buffer);
      expect(buffers.lend().bytes.buffer).not.toBe(last);
      vi.advanceTimersByTime(20);
      expect(buffers.lend().bytes.buffer).toBe(last);
    } finally {
      vi.useRealTimers();
    }
  });
});
