import type { Notice } from "@sallyport/contracts";
import type { HoldEvent } from "./hold-events.ts";

/** What is to be done now to tell one receiver of one hold; `wait` until then (ms since the epoch). */
export type NextStep =
  | { readonly kind: "nothing" }
  | { readonly kind: "wait"; readonly until: number }
  | { readonly kind: "send" | "abandon"; readonly event: HoldEvent };

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
    if (notice?.state === "sending" && now < notice.due) return { kind: "wait", until: notice.due };
    if (now >= event.until) {
      if (notice) return { kind: "abandon", event };
      continue;
    }
    if (!known && event.what !== "hold.opened") return { kind: "nothing" };
    const due = Math.max(event.from, notice?.due ?? 0);
    return now < due ? { kind: "wait", until: due } : { kind: "send", event };
  }
  return { kind: "nothing" };
}
