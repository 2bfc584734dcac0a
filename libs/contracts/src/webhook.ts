import { z } from "zod";
import { HoldView } from "./hold-view.ts";
import { HoldId, Millis, Sha256 } from "./ids.ts";

/** `hold.expired` also when whoever asked withdrew it: the hold's state says which. */
export const WebhookType = z.enum(["hold.opened", "hold.answered", "hold.expired"]);
export type WebhookType = z.infer<typeof WebhookType>;

/** The body of an outgoing webhook; the hold is as it was when the message was made. */
export const WebhookMessage = z.strictObject({
  type: WebhookType,
  /** When it happened. */
  timestamp: z.iso.datetime(),
  data: HoldView,
});
export type WebhookMessage = z.infer<typeof WebhookMessage>;

/**
 * The value of `notice.<delivery>` in the approvals bucket: how far one webhook is told of one event of a hold. Only
 * approval writes it, by compare-and-set, so that of several processes one sends at a time.
 */
export const Notice = z.strictObject({
  v: z.literal(1),
  type: z.literal("notice"),
  /** SHA-256 of webhook and event. */
  delivery: Sha256,
  hold: HoldId,
  /** The webhook's name in the config. */
  webhook: z.string().max(255),
  /** The message's id, which each attempt carries. */
  event: z.string().max(128),
  what: WebhookType,
  /** When the event happened. */
  time: Millis,
  /** `sending`: by one process until `due`; `failed`: to be tried again at `due`. */
  state: z.enum(["sending", "failed", "delivered", "abandoned"]),
  attempts: z.number().int().nonnegative(),
  due: Millis,
  /** Why the last attempt failed; never a part of the URL or of an answer. */
  problem: z.string().max(500).optional(),
});
export type Notice = z.infer<typeof Notice>;
