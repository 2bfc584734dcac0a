import { createHash } from "node:crypto";
import type { WebhookType } from "@sallyport/contracts";
import { answersFor } from "../answers.ts";
import type { Pinned } from "../board.ts";
import { stateAt } from "../held.ts";
import { dueBy } from "./due.ts";

/** Something that happened to a hold. Its id is made of what happened, so every process and attempt gives the same. */
export interface HoldEvent {
  readonly id: string;
  readonly what: WebhookType;
  readonly time: number;
  /** Told not before and not after (milliseconds since the epoch). */
  readonly from: number;
  readonly until: number;
}

/** How long an answer waits for what policy makes of it, so that one message can say both (ms). */
const settling = 1500;
/** How long an event is worth telling (ms). */
const worth = 24 * 3_600_000;

/** What happened to a hold so far, in the order in which it is told. */
export function eventsOf({ held, answers, replaced }: Pinned, now: number): HoldEvent[] {
  const { hold, opened, expires } = held.hold;
  const state = stateAt(held, now);
  const isOpen = state === "open" && !replaced;
  const answered = answersFor(held, answers).map(({ principal, answer, time }): HoldEvent => {
    const which = createHash("sha256").update(`${answer} ${principal.id}`).digest("hex");
    return {
      id: `answered_${hold}_${which.slice(0, 16)}`,
      what: "hold.answered",
      time,
      from: dueBy(isOpen ? time + settling : time, now, settling),
      until: time + worth,
    };
  });
  const over = Math.min(now, expires);
  return [
    {
      id: `opened_${hold}`,
      what: "hold.opened",
      time: opened,
      from: dueBy(opened, now, 0),
      until: isOpen ? expires : 0,
    },
    ...answered,
    ...(state === "expired" || state === "withdrawn"
      ? [
          {
            id: `expired_${hold}`,
            what: "hold.expired" as const,
            time: over,
            from: over,
            until: expires + worth,
          },
        ]
      : []),
  ];
}
