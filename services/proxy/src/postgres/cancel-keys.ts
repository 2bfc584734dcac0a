import { createHash, randomBytes, timingSafeEqual } from "node:crypto";

/** The key that a client gets for cancelling: 4 bytes in protocol 3.0, 32 in 3.2. */
export const newCancelKey = (minor: number): Buffer => randomBytes(minor >= 2 ? 32 : 4);

/** As it crosses the bus to the worker that owns the session. */
export const cancelKeyHash = (key: Buffer): string =>
  createHash("sha256").update(key).digest("hex");

/** Whether a CancelRequest's hash is that of a session's key. */
export const sameCancelKey = (key: Buffer, hash: string): boolean => {
  const asked = Buffer.from(hash, "hex");
  const own = createHash("sha256").update(key).digest();
  return asked.length === own.length && timingSafeEqual(asked, own);
};
