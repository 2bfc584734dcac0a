import type { WebhookMessage } from "@sallyport/contracts";
import type { Approvers } from "../answers.ts";
import type { Pinned } from "../board.ts";
import { settledBy } from "../outcome.ts";
import { viewOf } from "../view.ts";
import type { HoldEvent } from "./hold-events.ts";

/** What is told of an event: the hold as it is now. A long statement is told by its beginning. */
export function messageOf(
  event: HoldEvent,
  pinned: Pinned,
  approvers: Approvers,
  now: number,
): WebhookMessage {
  const { held, replaced } = pinned;
  const { command } = held;
  const current = replaced ? settledBy(held, pinned, { approvers, now }) : held;
  return {
    type: event.what,
    timestamp: new Date(event.time).toISOString(),
    data: viewOf(current, pinned, approvers, command.long ? null : command, now),
  };
}
