import { randomFillSync } from "node:crypto";
import { z } from "zod";

const alphabet = "abcdefghijklmnopqrstuvwxyz234567";

/** RFC 4648 base32 in lower case without padding: safe in subjects, file names, shells and chat. */
export function base32(bytes: Uint8Array): string {
  let out = "";
  let bits = 0;
  let value = 0;
  for (const byte of bytes) {
    value = ((value << 8) | byte) & 0xfff;
    bits += 8;
    while (bits >= 5) {
      bits -= 5;
      out += alphabet.charAt((value >>> bits) & 31);
    }
  }
  if (bits > 0) out += alphabet.charAt((value << (5 - bits)) & 31);
  return out;
}

const idBytes = 16;
/** Of one id, written as `base32` does: 26 strings, each longer by a character, take four times as long. */
const text = Buffer.alloc(26);
const letters = Buffer.from(alphabet);
/** The system is asked for many ids' bits at once; each is overwritten when it was used. */
const pool = Buffer.alloc(256 * idBytes);
let used = pool.length;

/** 128 random bits, 26 characters of lower-case base32. */
export function randomId(): string {
  if (used === pool.length) {
    randomFillSync(pool);
    used = 0;
  }
  let bits = 0;
  let value = 0;
  let at = 0;
  for (const end = used + idBytes; used < end; used++) {
    value = ((value << 8) | (pool[used] ?? 0)) & 0xfff;
    pool[used] = 0;
    for (bits += 8; bits >= 5; at++) {
      bits -= 5;
      text[at] = letters[(value >>> bits) & 31] ?? 0;
    }
  }
  text[at] = letters[(value << (5 - bits)) & 31] ?? 0;
  return text.toString("latin1");
}

const id = z.string().regex(/^[a-z2-7]{26}$/);

export const SessionId = id.brand("SessionId");
export type SessionId = z.infer<typeof SessionId>;
export const CommandId = id.brand("CommandId");
export type CommandId = z.infer<typeof CommandId>;
export const HoldId = id.brand("HoldId");
export type HoldId = z.infer<typeof HoldId>;
/** The id of one run of a worker process; sessions are numbered within it from 1. */
export const StartId = id.brand("StartId");
export type StartId = z.infer<typeof StartId>;

export const newSessionId = (): SessionId => randomId() as SessionId;
export const newCommandId = (): CommandId => randomId() as CommandId;
export const newHoldId = (): HoldId => randomId() as HoldId;
export const newStartId = (): StartId => randomId() as StartId;

/** SHA-256 as 64 lower-case hexadecimal digits. */
export const Sha256 = z.string().regex(/^[0-9a-f]{64}$/);

/** The name of a worker, service or connection: one NATS subject token. */
export const Name = z.string().regex(/^[a-z][a-z0-9-]{0,62}$/);

/** Milliseconds since 1970-01-01T00:00:00Z. */
export const Millis = z.number().int().nonnegative();
