import { isDeepStrictEqual } from "node:util";
import { eachFrame, FrameReader, ProtocolError } from "@sallyport/pgwire";
import { Seeded } from "../../chaos/seeded.ts";
import { conversations, messagesOf } from "./conversations.ts";
import { changedStream, pieces, randomBytes } from "./mutations.ts";
import { plainFrames, type Bounds } from "./plain-frames.ts";
import { Reach } from "./reach.ts";

export interface Found {
  readonly seed: number;
  readonly problem: string;
  /** In hexadecimal. */
  readonly bytes: string;
}

/** Feeds mutated conversations in pieces to frame readers, and compares with what is in them read at once. */
export function fuzzFrames(seed: number, milliseconds: number): { reach: Reach; found: Found[] } {
  const until = performance.now() + milliseconds;
  const reach = new Reach();
  const found: Found[] = [];
  for (let at = 0; performance.now() < until && found.length < 10; at++) {
    const seeded = new Seeded(seed + at);
    const from = seeded.of(["frontend", "backend"] as const);
    const maxBuffered = seeded.of([5, 50, 300, 65_536, 1 << 20, 1 << 24]);
    const maxFrame = Math.max(maxBuffered, seeded.of([300, 70_000, 0x3fff_ffff]));
    const bytes = stream(from, seeded, reach);
    reach.count("streams", from);
    reach.bytes += bytes.length;
    const problem = compare(bytes, { from, maxFrame, maxBuffered }, seeded, reach);
    if (problem !== null) found.push({ seed: seed + at, problem, bytes: bytes.toString("hex") });
  }
  return { reach, found };
}

const messages = {
  frontend: conversations.flatMap(({ frontend }) => messagesOf(frontend)),
  backend: conversations.flatMap(({ backend }) => messagesOf(backend)),
};

function stream(from: Bounds["from"], seeded: Seeded, reach: Reach): Buffer {
  if (seeded.next() < 0.05) {
    reach.count("mutations", "nothing but garbage");
    return randomBytes(seeded, Math.floor(seeded.between(0, 400)));
  }
  const { bytes, by } = changedStream(messages[from], seeded);
  for (const one of by) reach.count("mutations", one);
  return bytes;
}

function compare(bytes: Buffer, bounds: Bounds, seeded: Seeded, reach: Reach): string | null {
  const expected = plainFrames(bytes, bounds);
  const reader = new FrameReader(bounds);
  const frames: Buffer[] = [];
  let part: Buffer[] = [];
  let pushed = 0;
  let given = 0;
  let error: Error | null = null;
  const lazy = seeded.next() < 0.2;
  const take = (): void => {
    for (let item = reader.next(); item !== undefined; item = reader.next()) {
      given += item.bytes.length;
      if (item.kind === "frames") {
        const all = [...eachFrame(item.bytes)];
        if (all.length !== item.count)
          throw new Error(`${all.length} frames counted ${item.count}`);
        frames.push(...all);
        continue;
      }
      part.push(item.bytes);
      if (item.offset + item.bytes.length > item.total) throw new Error("a part past its frame");
      if (!item.last) continue;
      frames.push(Buffer.concat(part));
      part = [];
      reach.count("frames", "in parts");
    }
  };
  try {
    for (const piece of pieces(bytes, seeded)) {
      reader.push(piece);
      pushed += piece.length;
      if (lazy) continue;
      take();
      if (given + reader.pending !== pushed) return "bytes are lost or counted twice";
      if (reader.pending >= Math.max(5, bounds.maxBuffered)) return "more is held than may be";
    }
    take();
  } catch (cause) {
    error = cause instanceof Error ? cause : new Error(String(cause));
  }
  if (error !== null) {
    if (!(error instanceof ProtocolError)) return `not a ProtocolError: ${error.message}`;
    if (!error.fatal) return "the place of the next frame is unknown, and it is not fatal";
    let again: unknown;
    try {
      reader.next();
    } catch (cause) {
      again = cause;
    }
    if (again !== error) return "a broken stream goes on";
  }
  const code = error instanceof ProtocolError ? error.code : null;
  reach.count("ended by", code ?? (expected.left > 0 ? "an unfinished message" : "its end"));
  for (const frame of expected.frames)
    reach.count(
      "messages",
      `${bounds.from === "frontend" ? "F" : "B"}:${String.fromCharCode(frame[0] ?? 0)}`,
    );
  if (code !== expected.error)
    return `${code ?? "no error"} instead of ${expected.error ?? "none"}`;
  return isDeepStrictEqual(frames, expected.frames) ? null : "other frames than are in it";
}
