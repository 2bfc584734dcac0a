import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import type { Webhook } from "@sallyport/contracts";
import { readSecret, webhookName, webhookSecrets } from "@sallyport/runtime";
import { readKey } from "./signature.ts";

/** Where a webhook goes. Its URL may be a secret: only its name is logged, shown and written to the bus. */
export interface Receiver {
  readonly name: string;
  readonly url: URL;
  /** PEM; the system's authorities when undefined. */
  readonly ca: string | undefined;
  /** Milliseconds that one attempt may take. */
  readonly timeout: number;
  /** Read each time, so that a secret in a file is changed without a restart. Throws when one is not there. */
  readonly keys: () => readonly Buffer[];
}

/** @throws Error when a secret or a certificate that config names is missing or unusable */
export const openReceivers = (webhooks: readonly Webhook[], directory: string): Receiver[] =>
  webhooks.map((webhook) => {
    const name = webhookName(webhook);
    const keys = () => webhookSecrets(webhook).map((ref) => readKey(readSecret(ref, directory)));
    try {
      keys();
      return {
        name,
        url: new URL(webhook.url),
        ca:
          webhook.ca === undefined
            ? undefined
            : readFileSync(resolve(directory, webhook.ca), "utf8"),
        timeout: webhook.timeout,
        keys,
      };
    } catch (cause) {
      throw new Error(`webhook \`${name}\` cannot be used`, { cause });
    }
  });
