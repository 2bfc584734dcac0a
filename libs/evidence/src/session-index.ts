import { CommandId, HoldId, Millis, Name, SessionId, Sha256, StartId } from "@sallyport/contracts";
import { z } from "zod";
import { objectLimit } from "./archive-store.ts";
import { unpack } from "./frames.ts";

const count = z.number().int().nonnegative();
const frame = z.tuple([count, count, count]).readonly();
const stretch = z.tuple([count, count, count]).readonly();

/** What a segment knows of one session: where its entries lie, and what a list of sessions shows. */
export const SessionPart = z.strictObject({
  session: SessionId,
  /** The worker on whose subject its events came; null when only verdicts, approvals or output did. */
  writer: Name.nullable(),
  open: z
    .strictObject({
      time: Millis,
      principal: z.string().nullable(),
      owner: z.string().nullable(),
      connection: z.string(),
      protocol: z.string(),
      address: z.string(),
      start: StartId,
      number: z.number().int(),
    })
    .nullable(),
  close: z.strictObject({ time: Millis, n: count, reason: z.string(), bytes: count }).nullable(),
  /** Numbers of the events, as runs. */
  numbers: z.array(z.tuple([count, count])),
  /** Numbers of `command` and `refused` events. */
  commands: z.array(count),
  /** Commands that a gate or the proxy refused; commands that a hold was asked for. */
  denied: z.array(CommandId),
  held: z.array(z.strictObject({ command: CommandId, hold: HoldId.nullable() })),
  /** Number of each result and the bytes that left for it. */
  results: z.array(z.tuple([count, count])),
  /** Time of the latest event here. */
  last: Millis,
  events: z.array(stretch),
  output: z.array(stretch),
});
export type SessionPart = z.infer<typeof SessionPart>;

/** The table of contents of one segment. */
export const SegmentIndex = z.strictObject({
  v: z.literal(1),
  type: z.literal("index"),
  events: z.strictObject({ key: z.string(), sha256: Sha256, frames: z.array(frame) }).nullable(),
  output: z.strictObject({ key: z.string(), sha256: Sha256, frames: z.array(frame) }).nullable(),
  sessions: z.array(SessionPart),
  anomalies: z.strictObject({ count, events: z.array(stretch) }),
});
export type SegmentIndex = z.infer<typeof SegmentIndex>;

/** @throws Error when it is no index */
export function readIndex(bytes: Buffer, key: string): SegmentIndex {
  return SegmentIndex.parse(JSON.parse(unpack(bytes, objectLimit, key).toString("utf8")));
}
