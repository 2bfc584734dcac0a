import type { Msg } from "@nats-io/transport-node";
import { eventHash, type EventLines, inboxes, otherVersion, Verdict } from "@sallyport/contracts";
import { parseLine, splitLines } from "./lines.ts";
import { suspicion } from "./suspicion.ts";

/** What a message on a verdict's subject holds, or the alarm that it is. */
export type HeardVerdicts =
  | { readonly verdicts: readonly { readonly verdict: Verdict; readonly hash: string }[] }
  | { readonly alarm: "verdict-forged" | "verdict-unreadable"; readonly why: string };

const policyInbox = `${inboxes.gate("policy")}.`;

/** Reads all of a message before any of it counts. `hash` is that of the verdict's line as it lay there. */
export function readVerdictMessage(
  message: Msg,
  subject: string,
  eventLines: EventLines,
): HeardVerdicts {
  const why =
    suspicion(message, subject) ??
    (message.reply?.startsWith(policyInbox) ? null : "it wants its acknowledgement elsewhere");
  if (why !== null) return { alarm: "verdict-forged", why };
  const lines = splitLines(message.data);
  if (lines === null) return { alarm: "verdict-unreadable", why: "it is not made of lines" };
  const verdicts: { verdict: Verdict; hash: string }[] = [];
  for (const line of lines) {
    const verdict = readVerdictLine(line, eventLines);
    if (typeof verdict === "string") return { alarm: "verdict-unreadable", why: verdict };
    verdicts.push({ verdict, hash: eventHash(line) });
  }
  return { verdicts };
}

/** Why it is none, or the verdict. */
function readVerdictLine(line: Uint8Array, eventLines: EventLines): Verdict | string {
  const known = eventLines.read(line);
  if (known?.type === "verdict") return known;
  const value = parseLine(line);
  const parsed = Verdict.safeParse(value);
  return parsed.data ?? otherVersion(value) ?? "a line is no verdict";
}
