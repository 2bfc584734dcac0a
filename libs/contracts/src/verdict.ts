import { z } from "zod";
import { CommandId, HoldId, Millis, SessionId, Sha256 } from "./ids.ts";
import { Masker } from "./masker.ts";
import { Trace } from "./trace.ts";

/** `column` is the resource id of a classified Column. */
export const Mask = z.strictObject({
  column: z.string().max(1024),
  masker: Masker,
  policies: z.array(z.string()).min(1),
});
export type Mask = z.infer<typeof Mask>;

/** A condition that people must meet; times in milliseconds. */
/** The longest `@ttl`, in milliseconds: a day less than the bucket keeps a hold, so that its end can still be told. */
export const longestHold = 29 * 86_400_000;

export const HoldCondition = z.strictObject({
  policy: z.string(),
  group: z.string(),
  quorum: z.number().int().min(1).max(16),
  ttl: Millis,
  wait: Millis,
  reason: z.string().optional(),
});
export type HoldCondition = z.infer<typeof HoldCondition>;

export const Reason = z.strictObject({
  policy: z.string(),
  reason: z.string().optional(),
  /** The operation that was refused, as `action resource (use)`. */
  operation: z.string().optional(),
});
export type Reason = z.infer<typeof Reason>;

/**
 * Policy's answer to one command, and at once an event of the record.
 * The policy gate is open when `decision` is `pass` and either `holds` is empty or `hold.state` is `taken`.
 * With `hold.state` `open` the command waits (if it may) for a second verdict with `final: true`.
 */
export const Verdict = z.strictObject({
  v: z.literal(1),
  type: z.literal("verdict"),
  session: SessionId,
  command: CommandId,
  /** SHA-256 of the command event's line as it lay in the message. */
  hash: Sha256,
  time: Millis,
  decision: z.enum(["deny", "pass"]),
  final: z.boolean(),
  reasons: z.array(Reason),
  masks: z.array(Mask),
  holds: z.array(HoldCondition),
  hold: z
    .strictObject({
      id: HoldId,
      /** What the approval is bound to (I4); a release names it. */
      key: Sha256,
      state: z.enum(["open", "taken", "denied", "expired", "withdrawn"]),
      expires: Millis,
      /** Who approved, as principal ids. */
      approvers: z.array(z.string()),
    })
    .optional(),
  /** Ids of the policies that decided. */
  policies: z.array(z.string()),
  /** Ids of shadow policies that would have decided otherwise, and how. */
  shadow: z.array(z.strictObject({ policy: z.string(), effect: z.string() })),
  /** The latest revision of the bundle that policy has read; it was judged under, unless `under` says another. */
  revision: z.number().int().nonnegative(),
  /** Revision that was judged under, when later ones did not load and were refused. */
  under: z.number().int().nonnegative().optional(),
  /** Of the judgement, or of the command where policy keeps no traces. */
  trace: Trace.optional(),
});
export type Verdict = z.infer<typeof Verdict>;
