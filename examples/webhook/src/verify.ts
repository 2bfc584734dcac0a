import { createHmac, timingSafeEqual } from "node:crypto";
import type { IncomingHttpHeaders } from "node:http";

/** A message older or newer than this is a replay, or a clock is wrong (seconds). */
const tolerance = 300;

/** Whether one of these secrets (`whsec_…`) signed the body as Standard Webhooks says; `now` in milliseconds. */
export function isSigned(
  headers: IncomingHttpHeaders,
  body: Buffer,
  { secrets, now }: { readonly secrets: readonly string[]; readonly now: number },
): boolean {
  const { "webhook-id": id, "webhook-timestamp": time, "webhook-signature": given } = headers;
  if (typeof id !== "string" || typeof time !== "string" || typeof given !== "string") return false;
  if (!/^\d{1,12}$/.test(time) || Math.abs(now / 1000 - Number(time)) > tolerance) return false;
  const signatures = given
    .split(" ")
    .filter((signature) => signature.startsWith("v1,"))
    .map((signature) => Buffer.from(signature.slice(3), "base64"));
  return secrets.some((secret) => {
    const key = Buffer.from(secret.replace(/^whsec_/, ""), "base64");
    const expected = createHmac("sha256", key).update(`${id}.${time}.`).update(body).digest();
    return signatures.some(
      (signature) => signature.length === expected.length && timingSafeEqual(signature, expected),
    );
  });
}
