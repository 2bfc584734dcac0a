import type { Webhook } from "@sallyport/contracts";
import type { Finding } from "./config-meaning.ts";
import { isLoopback } from "./loopback.ts";

/** What logs, pages and the bus call a webhook. */
export const webhookName = ({ name, url }: Pick<Webhook, "name" | "url">): string =>
  name ?? new URL(url).host;

/** URLs that would show commands to others, and webhooks that could not be told apart. No URL is repeated whole. */
export function webhookMistakes(webhooks: readonly Webhook[]): Finding[] {
  const names = new Set<string>();
  return webhooks.flatMap((webhook, index) => {
    const path = ["approvals", "notify", index];
    const url = new URL(webhook.url);
    const host = url.hostname.replace(/^\[|\]$/g, "");
    const findings: Finding[] = [];
    if (url.protocol !== "https:" && !(url.protocol === "http:" && isLoopback(host)))
      findings.push({
        path: [...path, "url"],
        message: `the webhook to \`${url.host}\` is not reached over https`,
        hint: "plain http is for loopback only",
      });
    if (url.username !== "" || url.password !== "")
      findings.push({
        path: [...path, "url"],
        message: `the URL of the webhook to \`${url.host}\` has a user or a password`,
        hint: "leave them out: the receiver knows a message by its signature",
      });
    if (webhook.ca !== undefined && url.protocol !== "https:")
      findings.push({
        path: [...path, "ca"],
        message: "`ca` is not used, because the URL is not https",
      });
    const name = webhookName(webhook);
    if (names.has(name))
      findings.push({
        path,
        message: `two webhooks are called \`${name}\``,
        hint: "give one of them another `name`",
      });
    names.add(name);
    return findings;
  });
}
