import { createHmac } from "node:crypto";

const prefix = "whsec_";
const leastBytes = 24;
const mostBytes = 64;

/**
 * The key in a secret of Standard Webhooks: `whsec_` and base64 of 24 to 64 bytes.
 * @throws Error that says what is wrong and does not show it
 */
export function readKey(secret: string): Buffer {
  if (!secret.startsWith(prefix)) throw new Error("a webhook's secret begins with `whsec_`");
  const text = secret.slice(prefix.length);
  const key = Buffer.from(text, "base64");
  if (key.toString("base64").replace(/=+$/, "") !== text.replace(/=+$/, ""))
    throw new Error("a webhook's secret is `whsec_` and base64");
  if (key.length < leastBytes || key.length > mostBytes)
    throw new Error(`a webhook's secret has ${leastBytes} to ${mostBytes} bytes`);
  return key;
}

/** The header `webhook-signature`: one signature a key, over id, time (seconds) and body. */
export const signatureOf = (
  keys: readonly Buffer[],
  { id, timestamp, body }: { id: string; timestamp: number; body: string },
): string =>
  keys
    .map((key) => createHmac("sha256", key).update(`${id}.${timestamp}.${body}`).digest("base64"))
    .map((signature) => `v1,${signature}`)
    .join(" ");
