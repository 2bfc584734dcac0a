import { hash } from "node:crypto";
import { z } from "zod";
import { DetectorName } from "./detectors.ts";
import { CommandId, HoldId, Millis, Name, SessionId, Sha256, StartId } from "./ids.ts";
import { Operation } from "./operations.ts";
import { Principal } from "./principal.ts";
import { Trace } from "./trace.ts";
import { Verdict } from "./verdict.ts";

/**
 * What each event of a writer in a session carries: `n` counts from 1 without gaps, `prev` is the
 * SHA-256 of the writer's previous event line in this session (null for the first).
 */
const chained = {
  v: z.literal(1),
  session: SessionId,
  n: z.number().int().min(1),
  prev: Sha256.nullable(),
  time: Millis,
  trace: Trace.optional(),
};

export const Open = z.strictObject({
  ...chained,
  type: z.literal("open"),
  /** The worker's run and the session's number in it, from 1: a missing session leaves a hole. */
  start: StartId,
  number: z.number().int().min(1),
  protocol: z.enum(["postgres", "operator"]),
  connection: z.string().max(63),
  /** The client's address and port. */
  address: z.string().max(128),
  tls: z.string().max(64).nullable(),
  /** Absent when the log-in was refused before anyone was known. */
  principal: Principal.optional(),
  /** What the client called itself: start-up parameters, without secrets. */
  client: z.record(z.string(), z.string()),
});
export type Open = z.infer<typeof Open>;

/** A bound parameter; binary values (format 1) as base64. */
export const Parameter = z.strictObject({
  oid: z.number().int().nonnegative(),
  format: z.union([z.literal(0), z.literal(1)]),
  value: z.string().nullable(),
});
export type Parameter = z.infer<typeof Parameter>;

export const CommandKind = z.enum(["connect", "simple", "execute", "prepare", "function-call"]);
export type CommandKind = z.infer<typeof CommandKind>;

/** Text and parameters over 64 KiB travel in OUTPUT first; the command names them by hash and size. */
export const LongText = z.strictObject({
  sha256: Sha256,
  bytes: z.number().int(),
  parts: z.number().int(),
});
export type LongText = z.infer<typeof LongText>;

export const Command = z.strictObject({
  ...chained,
  type: z.literal("command"),
  command: CommandId,
  kind: CommandKind,
  connection: Name,
  principal: Principal,
  address: z.string().max(128),
  /** The statement text, or its beginning when `long` is there. */
  text: z.string(),
  parameters: z.array(Parameter),
  long: LongText.optional(),
  operations: z.array(Operation),
  /** Whether the target holds no locks for the client, so that a hold may wait on the wire. */
  mayWait: z.boolean(),
  /** Absolute; policy drops what is past it. */
  deadline: Millis,
  /** The highest bundle revision that the worker has seen. */
  revision: z.number().int().nonnegative(),
});
export type Command = z.infer<typeof Command>;

/** A statement that the proxy refused by itself before any gate (unreadable, too large, unknown message). */
export const Refused = z.strictObject({
  ...chained,
  type: z.literal("refused"),
  command: CommandId,
  /** At most 64 KiB of it, with the hash of the whole; empty when there was none to be read. */
  text: z.string(),
  textHash: Sha256,
  code: z.string(),
  message: z.string(),
});
export type Refused = z.infer<typeof Refused>;

/**
 * `skipped`: it was sent, but the target passed it over, because a command before it in the pipeline had
 * failed. `not-sent`: both gates were open, and it never left the worker.
 */
export const Outcome = z.enum([
  "executed",
  "refused-record",
  "refused-policy",
  "not-sent",
  "skipped",
  "unknown",
]);
export type Outcome = z.infer<typeof Outcome>;

/** What happened to a command. No result means unknown. */
export const Result = z.strictObject({
  ...chained,
  type: z.literal("result"),
  command: CommandId,
  outcome: Outcome,
  /** Hash of the verdict line it acted on; null when none came. */
  verdict: Sha256.nullable(),
  rows: z.number().int().nonnegative(),
  /** Bytes of output as they left for the client, and their SHA-256; parts of it in OUTPUT (0: none kept). */
  bytes: z.number().int().nonnegative(),
  output: Sha256.nullable(),
  parts: z.number().int().nonnegative(),
  /** COPY data that the client sent for it. */
  input: z
    .strictObject({
      bytes: z.number().int().nonnegative(),
      sha256: Sha256,
      parts: z.number().int().nonnegative(),
    })
    .optional(),
  /** How often each of the connection's detectors masked something in columns that nobody classified. */
  detected: z.partialRecord(DetectorName, z.number().int().min(1)).optional(),
  /** Command tags of the target, one a statement. */
  tags: z.array(z.string()),
  error: z
    .strictObject({ code: z.string(), sqlstate: z.string().optional(), message: z.string() })
    .optional(),
  /** When its bytes went to the target, and when its last answer came; null when never. */
  sent: Millis.nullable(),
  ended: Millis,
});
export type Result = z.infer<typeof Result>;

/** What the proxy itself said to a target, or an operator did: no clearance, but recorded. */
export const Own = z.strictObject({
  ...chained,
  type: z.literal("own"),
  purpose: z.string(),
  text: z.string(),
  by: z.string().optional(),
});
export type Own = z.infer<typeof Own>;

export const Close = z.strictObject({
  ...chained,
  type: z.literal("close"),
  /** How many events the writer wrote in this session, this one included. */
  count: z.number().int().min(1),
  reason: z.string(),
  /** Bytes that left for the client. */
  bytes: z.number().int().nonnegative(),
});
export type Close = z.infer<typeof Close>;

/** What a person answered; joins its command by id. */
export const Approval = z.strictObject({
  v: z.literal(1),
  type: z.literal("approval"),
  session: SessionId,
  command: CommandId,
  hold: HoldId,
  time: Millis,
  answer: z.enum(["approve", "deny"]),
  principal: Principal,
  reason: z.string().max(2000),
  trace: Trace.optional(),
});
export type Approval = z.infer<typeof Approval>;

/** Events that a worker (or operator, authn under their own names) writes. */
export const WriterEvent = z.discriminatedUnion("type", [
  Open,
  Command,
  Refused,
  Result,
  Own,
  Close,
]);
export type WriterEvent = z.infer<typeof WriterEvent>;

/** Every event of the record. */
export const RecordEvent = z.discriminatedUnion("type", [
  Open,
  Command,
  Refused,
  Result,
  Own,
  Close,
  Verdict,
  Approval,
]);
export type RecordEvent = z.infer<typeof RecordEvent>;

/** SHA-256 of an event's line (without its newline) as 64 hexadecimal digits. */
export const eventHash = (line: Uint8Array | string): string => hash("sha256", line, "hex");
