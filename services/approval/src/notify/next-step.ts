import type { Notice } from "@sallyport/contracts";
import { dueBy } from "./due.ts";
import type { HoldEvent } from "./hold-events.ts";

/** What is to be done now to tell one receiver of one hold; `wait` until then (ms since the epoch). */
export type NextStep =
  | { readonly kind: "nothing" }
  | { readonly kind: "wait"; readonly until: number }
  | { readonly kind: "send" | "abandon"; readonly event: HoldEvent };

/** No receiver gets more time between two attempts, and no claim is for longer (ms). */
const longest = 3_600_000;
const longestClaim = 60_000;

type Told = Pick<Notice, "state" | "due">;

/**
 * In order: an event is told when those before it are delivered or given up. Of a hold whose opening nobody began to
 * tell, nothing is told: the receiver would not know it.
 */
export function nextStep(
  events: readonly HoldEvent[],
  told: (event: HoldEvent) => Told | undefined,
  now: number,
): NextStep {
  let known = false;
  for (const event of events) {
    const notice = told(event);
    known ||= notice !== undefined;
    if (notice?.state === "delivered" || notice?.state === "abandoned") continue;
    const sending = notice?.state === "sending";
    const again = notice ? dueBy(notice.due, now, sending ? longestClaim : longest) : 0;
    if (sending && now < again) return { kind: "wait", until: again };
    if (now >= event.until) {
      if (notice) return { kind: "abandon", event };
      continue;
    }
    if (!known && event.what !== "hold.opened") return { kind: "nothing" };
    const due = Math.max(event.from, again);
    return now < due ? { kind: "wait", until: due } : { kind: "send", event };
  }
  return { kind: "nothing" };
}
