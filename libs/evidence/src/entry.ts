import { eventHash, OutputHeader, RecordEvent, type OutputChunk } from "@sallyport/contracts";
import type { StoredChunk } from "./stored-chunk.ts";
import type { Anomaly, AnomalyCode, StoredMessage, StreamKind } from "./stored-message.ts";

/** Where on the bus something lay. */
export interface Place {
  readonly seq: number;
  readonly subject: string;
  readonly time: string;
}

/** An event in the archive. `hash` is the SHA-256 of `raw`. */
export interface EventEntry extends Place {
  readonly kind: "event";
  readonly line: number;
  readonly raw: Buffer;
  readonly event: RecordEvent;
  readonly hash: string;
}

export interface AnomalyEntry extends Place {
  readonly kind: "anomaly";
  readonly stream: StreamKind;
  /** The line that is anomalous, or null for a whole message. */
  readonly line: number | null;
  readonly code: AnomalyCode;
  readonly detail: string;
  readonly headers: Buffer | null;
  readonly data: Buffer;
}

export interface OutputEntry extends Place {
  readonly kind: "output";
  readonly chunk: OutputChunk;
}

const eventMark = ',"event":';
const newline = Buffer.from("\n");
const closing = Buffer.from("}\n");
const chunkMark = Buffer.from(',"output":');

const place = ({ seq, subject, time }: Place): string =>
  `"seq":${seq},"subject":${JSON.stringify(subject)},"time":${JSON.stringify(time)}`;

/** What each entry of a message begins with. */
export const beginEntry = (at: Place): Buffer => Buffer.from(`{${place(at)}`);

const lineMember = (line: number): Buffer => Buffer.from(`,"line":${line}${eventMark}`);
/** Of lines that most messages have. */
const lineMembers = Array.from({ length: 256 }, (_, line) => lineMember(line));

/** The parts of a line of NDJSON, in which the event's own bytes lie unchanged as the last member. */
export function eventParts(begin: Buffer, line: number, raw: Buffer): readonly Buffer[] {
  return [begin, lineMembers[line] ?? lineMember(line), raw, closing];
}

/** The parts of a line that ends in the chunk's header, then the chunk's bytes, then a newline. */
export const chunkParts = (
  begin: Buffer,
  { header, body }: Omit<StoredChunk, "session">,
): readonly Buffer[] => [begin, chunkMark, header, closing, body, newline];

export function encodeAnomaly(
  stream: StreamKind,
  message: StoredMessage,
  line: { readonly line: number; readonly raw: Buffer } | null,
  { code, detail }: Anomaly,
): Buffer {
  const rest = JSON.stringify({
    stream,
    line: line?.line ?? null,
    code,
    detail,
    headers: message.headers?.toString("base64") ?? null,
    data: (line?.raw ?? message.data).toString("base64"),
  });
  return Buffer.from(`{${place(message)},"anomaly":${rest}}\n`);
}

/** Reads lines of an events object. @throws Error when they are none */
export function decodeEvents(bytes: Buffer): (EventEntry | AnomalyEntry)[] {
  const entries: (EventEntry | AnomalyEntry)[] = [];
  for (let at = 0; at < bytes.length;) {
    const end = bytes.indexOf(newline, at);
    if (end < 0) throw new Error("an events object ends within a line");
    entries.push(decodeLine(bytes.subarray(at, end)));
    at = end + 1;
  }
  return entries;
}

function decodeLine(bytes: Buffer): EventEntry | AnomalyEntry {
  // The first one is ours: in the subject before it the quotes are escaped.
  const mark = bytes.indexOf(eventMark);
  const wrapper: unknown = JSON.parse(bytes.toString("utf8"));
  const { seq, subject, time, line, anomaly, event } = wrapper as Record<string, unknown>;
  if (typeof seq !== "number" || typeof subject !== "string" || typeof time !== "string")
    throw new Error("a line of an events object has no place");
  if (event === undefined)
    return { ...decodeAnomaly(anomaly), kind: "anomaly", seq, subject, time };
  if (typeof line !== "number" || mark < 0) throw new Error("an event has no line number");
  const raw = bytes.subarray(mark + eventMark.length, bytes.length - 1);
  return {
    kind: "event",
    seq,
    subject,
    time,
    line,
    raw,
    event: RecordEvent.parse(event),
    hash: eventHash(raw),
  };
}

function decodeAnomaly(value: unknown): Omit<AnomalyEntry, "kind" | keyof Place> {
  const { stream, line, code, detail, headers, data } = value as Record<string, unknown>;
  if (typeof code !== "string" || typeof detail !== "string" || typeof data !== "string")
    throw new Error("a line of an events object is neither event nor anomaly");
  return {
    stream: stream === "output" ? "output" : "record",
    line: typeof line === "number" ? line : null,
    code: code as AnomalyCode,
    detail,
    headers: typeof headers === "string" ? Buffer.from(headers, "base64") : null,
    data: Buffer.from(data, "base64"),
  };
}

/** Reads chunks of an output object. @throws Error when they are none */
export function decodeChunks(bytes: Buffer): OutputEntry[] {
  const entries: OutputEntry[] = [];
  for (let at = 0; at < bytes.length;) {
    const end = bytes.indexOf(newline, at);
    if (end < 0) throw new Error("an output object ends within a header");
    const head: unknown = JSON.parse(bytes.toString("utf8", at, end));
    const { seq, subject, time, output } = head as Record<string, unknown>;
    const header = OutputHeader.parse(output);
    const body = bytes.subarray(end + 1, end + 1 + header.bytes);
    if (
      typeof seq !== "number" ||
      typeof subject !== "string" ||
      typeof time !== "string" ||
      bytes[end + 1 + header.bytes] !== newline[0]
    )
      throw new Error("an output object has a broken chunk");
    entries.push({ kind: "output", seq, subject, time, chunk: { header, body } });
    at = end + 2 + header.bytes;
  }
  return entries;
}
