import { createHash } from "node:crypto";
import {
  otherVersion,
  parseRecordSubject,
  RecordEvent,
  type RecordKind,
} from "@sallyport/contracts";
import type { EventGist } from "./event-gist.ts";
import { readPlainEvent } from "./plain-event.ts";
import { readChunks, type StoredChunk } from "./stored-chunk.ts";

export type StreamKind = "record" | "output";

/** A message as it lies in a stream of the bus. */
export interface StoredMessage {
  readonly seq: number;
  readonly subject: string;
  /** The server's, RFC 3339 with nanoseconds. */
  readonly time: string;
  /** The header block's bytes, null when there is none; what the server adds when it is asked is not in it. */
  readonly headers: Buffer | null;
  readonly data: Buffer;
}

/** What identifies a message that must still lie where it lay: subject and data. */
export const messageHash = (message: StoredMessage): string =>
  createHash("sha256").update(`${message.subject}\n`).update(message.data).digest("hex");

/** What is in a stream and must not be: kept as evidence of itself, never read as an event. */
export type AnomalyCode =
  | "header"
  | "wrong-subject"
  | "wrong-type"
  | "unreadable"
  | "foreign-session";

export interface Anomaly {
  readonly code: AnomalyCode;
  readonly detail: string;
}

export interface EventLine {
  /** Which line of its message, from 0. */
  readonly line: number;
  /** As it came, without its newline. */
  readonly raw: Buffer;
  readonly event: EventGist;
}

export interface BadLine extends Anomaly {
  readonly line: number;
  readonly raw: Buffer;
}

export type ReadMessage =
  | { readonly kind: "anomaly"; readonly anomaly: Anomaly }
  | {
      readonly kind: "events";
      /** The worker on whose subject it came. */
      readonly writer: string;
      readonly subject: RecordKind;
      readonly events: readonly EventLine[];
      readonly bad: readonly BadLine[];
    }
  | { readonly kind: "output"; readonly writer: string; readonly chunks: readonly StoredChunk[] };

const anomaly = (code: AnomalyCode, detail: string): ReadMessage => ({
  kind: "anomaly",
  anomaly: { code, detail },
});

/**
 * What follows so many bad lines of a message is one more, unread: a message of 4 MiB has room for as many lines, each
 * of which would be kept and told by itself, and a recorder that is minutes over one message keeps no lease.
 */
const mostBadLines = 16;

/** Reads a message of RECORD_<partition> strictly. */
export function readRecordMessage(partition: number, message: StoredMessage): ReadMessage {
  if (message.headers !== null) return anomaly("header", headerDetail(message.headers));
  const subject = parseRecordSubject(message.subject);
  if (subject?.partition !== partition)
    return anomaly("wrong-subject", "the subject is none of this partition's record");
  const events: EventLine[] = [];
  const bad: BadLine[] = [];
  let line = 0;
  for (const { raw, ended, at } of lines(message.data)) {
    if (bad.length === mostBadLines) {
      const detail = `not read: ${mostBadLines} lines before it are no events`;
      bad.push({ line, raw: message.data.subarray(at), code: "unreadable", detail });
      break;
    }
    const read = ended ? readLine(raw) : "the message ends within a line";
    if (typeof read === "string") bad.push({ line, raw, code: "unreadable", detail: read });
    else if (!mayCarry(subject.kind, read.type))
      bad.push({ line, raw, code: "wrong-type", detail: `\`${read.type}\` on ${subject.kind}` });
    else events.push({ line, raw, event: read });
    line += 1;
  }
  if (subject.kind === "command" && !events.some(({ event }) => event.type === "command"))
    return anomaly("wrong-type", "a command message without a command");
  return { kind: "events", writer: subject.writer, subject: subject.kind, events, bad };
}

/** Reads a message of OUTPUT_<partition> strictly. */
export function readOutputMessage(partition: number, message: StoredMessage): ReadMessage {
  if (message.headers !== null) return anomaly("header", headerDetail(message.headers));
  const subject = /^sp\.out\.(\d{1,4})\.([a-z][a-z0-9-]{0,62})$/.exec(message.subject);
  if (Number(subject?.[1] ?? Number.NaN) !== partition)
    return anomaly("wrong-subject", "the subject is none of this partition's output");
  const chunks = readChunks(message.data);
  if (chunks === null || chunks.length === 0)
    return anomaly("unreadable", "not a run of output chunks");
  return { kind: "output", writer: subject?.[2] ?? "", chunks };
}

/**
 * Nothing of ours has headers. One that begins with `Nats-`, or a status line, makes a message look like an
 * answer of the server.
 */
function headerDetail(headers: Buffer): string {
  const [status = "", first = ""] = headers.toString("latin1").split("\r\n");
  const line = status.trim() === "NATS/1.0" ? first : status;
  return `a client set headers: ${line.slice(0, 100)}`;
}

/** A resent command travels in an `event` message, so what a worker writes may come on both of its subjects. */
function mayCarry(subject: RecordKind, type: RecordEvent["type"]): boolean {
  switch (type) {
    case "verdict":
    case "approval":
      return subject === type;
    case "open":
    case "command":
    case "refused":
    case "result":
    case "own":
    case "close":
      return subject === "command" || subject === "event";
  }
}

const newline = 0x0a;
const strictUtf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

interface Line {
  /** Without the newline. */
  readonly raw: Buffer;
  /** Whether it had one. */
  readonly ended: boolean;
  /** Where it begins. */
  readonly at: number;
}

function* lines(data: Buffer): Iterable<Line> {
  let at = 0;
  while (at < data.length) {
    const end = data.indexOf(newline, at);
    if (end < 0) break;
    yield { raw: data.subarray(at, end), ended: true, at };
    at = end + 1;
  }
  if (at < data.length || data.length === 0) yield { raw: data.subarray(at), ended: false, at };
}

/** Most lines are read without the schema; every other one, and every one that is not an event, by it. */
function readLine(raw: Buffer): EventGist | string {
  const plain = readPlainEvent(raw);
  if (plain !== null) return plain;
  try {
    const value: unknown = JSON.parse(strictUtf8.decode(raw));
    const parsed = RecordEvent.safeParse(value);
    if (parsed.success) return parsed.data;
    const other = otherVersion(value);
    if (other !== null) return other;
    const [issue] = parsed.error.issues;
    return `no event: ${issue?.path.join(".") ?? ""} ${issue?.message ?? ""}`.slice(0, 200);
  } catch {
    return "not a line of JSON";
  }
}
