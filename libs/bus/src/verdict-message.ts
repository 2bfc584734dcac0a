import type { Msg } from "@nats-io/transport-node";
import { eventHash, inboxes, otherVersion, Verdict } from "@sallyport/contracts";
import { parseLine, splitLines } from "./lines.ts";
import { suspicion } from "./suspicion.ts";

/** What a message on a verdict's subject holds, or the alarm that it is. */
export type HeardVerdicts =
  | { readonly verdicts: readonly { readonly verdict: Verdict; readonly hash: string }[] }
  | { readonly alarm: "verdict-forged" | "verdict-unreadable"; readonly why: string };

const policyInbox = `${inboxes.gate("policy")}.`;

/** Reads all of a message before any of it counts. `hash` is that of the verdict's line as it lay there. */
export function readVerdictMessage(message: Msg, subject: string): HeardVerdicts {
  const why =
    suspicion(message, subject) ??
    (message.reply?.startsWith(policyInbox) ? null : "it wants its acknowledgement elsewhere");
  if (why !== null) return { alarm: "verdict-forged", why };
  const lines = splitLines(message.data);
  if (lines === null) return { alarm: "verdict-unreadable", why: "it is not made of lines" };
  const verdicts: { verdict: Verdict; hash: string }[] = [];
  for (const line of lines) {
    const value = parseLine(line);
    const parsed = Verdict.safeParse(value);
    if (!parsed.success)
      return { alarm: "verdict-unreadable", why: otherVersion(value) ?? "a line is no verdict" };
    verdicts.push({ verdict: parsed.data, hash: eventHash(line) });
  }
  return { verdicts };
}
