import type { ArchiveStore } from "./archive-store.ts";
import { decodeChunks, decodeEvents } from "./entry.ts";
import { broken, note, type Finding } from "./finding.ts";
import { unpack } from "./frames.ts";
import type { StreamKind } from "./stored-message.ts";

/** How far a chain reaches in each stream: the highest position of any of its generations. */
export interface Reach {
  readonly record: number;
  readonly output: number;
}

/** Of a frame; the recorder's have 256 KiB, or one piece, which a message of the bus bounds. */
const frameLimit = 16 * 1024 ** 2;

/**
 * What an object of a segment is that no manifest names. A recorder that dies, or loses a race, leaves some, and the
 * chain has what they hold. One that holds what lies behind the chain's end is left of an end that was cut off: its
 * messages follow each other, so its first frame tells.
 */
export async function checkUnnamed(
  store: ArchiveStore,
  key: string,
  reach: Reach,
): Promise<Finding> {
  const about = { object: key };
  const left = (why: string): Finding =>
    note("object-unnamed", `no manifest names \`${key}\`: ${why}`, about);
  const stream = streamOf(key);
  if (stream === null) return left("it holds no messages");
  let last: number;
  try {
    const frame = unpack((await store.get(key)) ?? Buffer.alloc(0), frameLimit, key);
    last = lastSequence(stream, frame);
  } catch {
    return left("it cannot be read");
  }
  const end = reach[stream];
  if (last <= end) return left("the chain has what it holds");
  const text = `no manifest names \`${key}\`: it holds ${stream} seq ${last}, the chain ends at ${end}`;
  return broken("object-unnamed", text, about);
}

function streamOf(key: string): StreamKind | null {
  if (key.endsWith(".events.ndjson.zst")) return "record";
  return key.endsWith(".output.zst") ? "output" : null;
}

function lastSequence(stream: StreamKind, frame: Buffer): number {
  const entries =
    stream === "output"
      ? decodeChunks(frame)
      : decodeEvents(frame).filter((one) => one.kind === "event" || one.stream === "record");
  return entries.reduce((last, { seq }) => Math.max(last, seq), 0);
}
