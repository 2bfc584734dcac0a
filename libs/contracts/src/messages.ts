import { z } from "zod";
import { HoldCondition, Mask } from "./verdict.ts";
import { CommandId, HoldId, Millis, Name, SessionId, Sha256 } from "./ids.ts";
import { Principal } from "./principal.ts";

/** proxy and approval → authn: a bearer token sealed to authn's X25519 key (xkeys), as base64. */
export const Verify = z.strictObject({
  v: z.literal(1),
  type: z.literal("verify"),
  sealed: z.string().max(64 * 1024),
  /** The sender's own public xkey, with which the box was sealed. */
  sender: z.string().max(64),
  address: z.string().max(128),
  /** What is sealed may be a handle, too; it opens sessions, so a worker says so. */
  handles: z.literal(true).optional(),
});
export type Verify = z.infer<typeof Verify>;

export const Verified = z.discriminatedUnion("type", [
  z.strictObject({
    v: z.literal(1),
    type: z.literal("verified"),
    principal: Principal,
    /** When a session of this log-in must end. */
    until: Millis,
    /** Revision of the revocations bucket that was looked at. */
    revocations: z.number().int().nonnegative(),
  }),
  z.strictObject({
    v: z.literal(1),
    type: z.literal("unverified"),
    /** A code of the error catalogue, `token-…`. */
    code: z.string(),
    message: z.string(),
    /** What is known of the caller when its token's signature verified. */
    principal: Principal.optional(),
    /** What an unverified token claims; for the record only. */
    unverified: z.strictObject({ issuer: z.string(), subject: z.string() }).optional(),
  }),
]);
export type Verified = z.infer<typeof Verified>;

/** The value of `handle.<hash>` in the handles bucket: what only authn, and only with the handle, can read. */
export const StoredHandle = z.strictObject({
  v: z.literal(1),
  type: z.literal("handle"),
  /** Base64: 12 bytes of nonce, AES-256-GCM's text, 16 bytes of tag. */
  sealed: z.string().max(256 * 1024),
});
export type StoredHandle = z.infer<typeof StoredHandle>;

/** The answer of authn's `POST /v1/handles`. */
export const IssuedHandle = z.strictObject({
  handle: z.string(),
  /** Whom it stands for. */
  principal: z.string(),
  /** When it ends, as its token does. */
  expires: Millis,
});
export type IssuedHandle = z.infer<typeof IssuedHandle>;

export const Revocation = z.strictObject({
  v: z.literal(1),
  type: z.literal("revocation"),
  principal: z.string(),
  state: z.enum(["revoked", "restored"]),
  at: Millis,
  by: z.string(),
  reason: z.string().max(2000),
});
export type Revocation = z.infer<typeof Revocation>;

/** operator → authn. */
export const Revoke = z.strictObject({
  v: z.literal(1),
  type: z.enum(["revoke", "restore"]),
  principal: z.string(),
  by: z.string(),
  reason: z.string().max(2000),
});
export type Revoke = z.infer<typeof Revoke>;

/** A plain answer to an operator's request. */
export const Done = z.strictObject({
  v: z.literal(1),
  type: z.literal("done"),
  ok: z.boolean(),
  message: z.string(),
});
export type Done = z.infer<typeof Done>;

/** authn → all, each second. */
export const Beat = z.strictObject({
  v: z.literal(1),
  type: z.literal("beat"),
  time: Millis,
  /** Last sequence of the revocations bucket, and whether it is marked complete. */
  revocations: z.number().int().nonnegative(),
  complete: z.boolean(),
  /** Last sequence of the bundle bucket. */
  bundle: z.number().int().nonnegative(),
  /** Revocations that changed in the last 30 s. */
  changed: z.array(Revocation),
});
export type Beat = z.infer<typeof Beat>;

/** Where an order to a worker goes: `sp.ctl.<worker>.end`, `sp.ctl.<worker|all>.drain`. */
export const EndSession = z.strictObject({
  v: z.literal(1),
  type: z.literal("end"),
  /** Null: every session of `principal`. */
  session: SessionId.nullable(),
  principal: z.string().optional(),
  /** What the client of `session` is told. Those of a principal hear that it is revoked, as they do by the beat. */
  reason: z.string().optional(),
  by: z.string(),
});
export type EndSession = z.infer<typeof EndSession>;

export const Drain = z.strictObject({ v: z.literal(1), type: z.literal("drain"), by: z.string() });
export type Drain = z.infer<typeof Drain>;

export const Control = z.discriminatedUnion("type", [EndSession, Drain]);
export type Control = z.infer<typeof Control>;

/** workers → workers, on `sp.cancel`. */
export const Peer = z.discriminatedUnion("type", [
  z.strictObject({
    v: z.literal(1),
    type: z.literal("cancel"),
    from: Name,
    pid: z.number().int(),
    /** SHA-256 of the cancel key: the key itself never crosses the bus. */
    key: Sha256,
  }),
  z.strictObject({ v: z.literal(1), type: z.literal("ddl"), from: Name, connection: Name }),
  /** How many sessions the worker has; only where `limits` counts them. */
  z.strictObject({
    v: z.literal(1),
    type: z.literal("sessions"),
    from: Name,
    principals: z.record(z.string(), z.number().int().min(1)),
    connections: z.record(z.string(), z.number().int().min(1)),
  }),
]);
export type Peer = z.infer<typeof Peer>;

/** approval → policy: an answer came, judge the held command again. */
export const Judge = z.strictObject({
  v: z.literal(1),
  type: z.literal("judge"),
  hold: HoldId,
  /** The hold's key: hash of what an approval is bound to. */
  key: Sha256,
});
export type Judge = z.infer<typeof Judge>;

/** worker → policy: this command waits no longer, or was not sent and gives its approval back. */
export const Release = z.strictObject({
  v: z.literal(1),
  type: z.literal("release"),
  command: CommandId,
  hold: HoldId,
  key: Sha256,
  why: z.enum(["cancelled", "disconnected", "timeout", "not-sent"]),
});
export type Release = z.infer<typeof Release>;

/** The value of `bundle` in the leases bucket: recorders write it, and it goes when none has for 10 s. */
export const ArchivedBundle = z.strictObject({
  v: z.literal(1),
  type: z.literal("archived-bundle"),
  revision: z.number().int().min(1),
  /** Of the bundle's bytes: a bucket that was set back counts anew. */
  sha256: Sha256,
});
export type ArchivedBundle = z.infer<typeof ArchivedBundle>;

/** A command that waits for a hold, and where its verdict goes. */
export const Waiting = z.strictObject({
  partition: z.number().int().nonnegative(),
  worker: Name,
  session: SessionId,
  command: CommandId,
  /** SHA-256 of that command's event line. */
  hash: Sha256,
  until: Millis,
  /** That event's line, when it is not the one that opened the hold: it is judged again before it passes. */
  line: z.string().optional(),
});
export type Waiting = z.infer<typeof Waiting>;

/** The value of `hold.<key>` in the approvals bucket; only policy writes it, by compare-and-set. */
export const Hold = z.strictObject({
  v: z.literal(1),
  type: z.literal("hold"),
  hold: HoldId,
  /** SHA-256 of principal, connection, kind, text, parameters, operations, and holds (I4). */
  key: Sha256,
  state: z.enum(["open", "approved", "used", "denied", "expired", "withdrawn"]),
  opened: Millis,
  expires: Millis,
  conditions: z.array(HoldCondition).min(1),
  masks: z.array(Mask),
  /** The command event's line that opened it, as it was published, and where it came from. */
  command: z.string(),
  partition: z.number().int().nonnegative(),
  worker: Name,
  waiting: z.array(Waiting),
  /** Who approved, once it is approved or used, and the command that used it. */
  approvers: z.array(z.string()),
  usedBy: CommandId.optional(),
});
export type Hold = z.infer<typeof Hold>;

/** One person's answer. */
export const GivenAnswer = z.strictObject({
  principal: Principal,
  answer: z.enum(["approve", "deny"]),
  reason: z.string().max(2000),
  time: Millis,
});
export type GivenAnswer = z.infer<typeof GivenAnswer>;

/** The value of `answer.<hold>` in the approvals bucket; only approval writes it, by compare-and-set. */
export const Answers = z.strictObject({
  v: z.literal(1),
  type: z.literal("answers"),
  hold: HoldId,
  key: Sha256,
  answers: z.array(GivenAnswer).min(1).max(64),
});
export type Answers = z.infer<typeof Answers>;
