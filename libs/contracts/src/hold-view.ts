import { z } from "zod";
import { CommandKind, Parameter } from "./events.ts";
import { HoldId, Sha256 } from "./ids.ts";
import { Operation } from "./operations.ts";

export const HoldState = z.enum(["open", "approved", "used", "denied", "expired", "withdrawn"]);
export type HoldState = z.infer<typeof HoldState>;

/** A hold as people see it: REST of approval, `sally approvals`, and the data of a webhook. */
export const HoldView = z.strictObject({
  hold: HoldId,
  state: HoldState,
  /** Who asks, and who answers for it, as principal ids. */
  principal: z.string(),
  owner: z.string().nullable(),
  /** Subjects that act in the principal's name, nearest first. */
  delegation: z.array(z.string()),
  connection: z.string(),
  kind: CommandKind,
  /** The statement's text and parameters; when they are not `whole`, their beginning. */
  command: z.string(),
  parameters: z.array(Parameter),
  whole: z.boolean(),
  /** SHA-256 of what an approval is bound to. */
  key: Sha256,
  operations: z.array(Operation),
  /** Who must answer and why; the approval of `approvers` counts so far. */
  policies: z.array(
    z.strictObject({
      policy: z.string(),
      group: z.string(),
      quorum: z.number().int().min(1),
      reason: z.string().optional(),
      approvers: z.array(z.string()),
    }),
  ),
  answers: z.array(
    z.strictObject({
      principal: z.string(),
      answer: z.enum(["approve", "deny"]),
      reason: z.string(),
      time: z.iso.datetime(),
      /** An approval that counts no more: who gave it is revoked since. */
      revoked: z.literal(true).optional(),
    }),
  ),
  /** How many commands wait on the wire for it now. */
  waiting: z.number().int().nonnegative(),
  opened: z.iso.datetime(),
  expires: z.iso.datetime(),
  /** In REST only: how the config's webhooks were told. */
  notices: z
    .array(
      z.strictObject({
        webhook: z.string(),
        type: z.string(),
        state: z.enum(["sending", "failed", "delivered", "abandoned"]),
        attempts: z.number().int().nonnegative(),
        /** Why the last attempt failed, and when the next is due. */
        problem: z.string().optional(),
        due: z.iso.datetime().optional(),
      }),
    )
    .optional(),
});
export type HoldView = z.infer<typeof HoldView>;

/** `GET /v1/approvals`. */
export const HoldList = z.strictObject({ approvals: z.array(HoldView) });
export type HoldList = z.infer<typeof HoldList>;

/** The body of `POST /v1/approvals/{hold}/answer`; its answer is the hold's view. */
export const AnswerRequest = z.strictObject({
  answer: z.enum(["approve", "deny"]),
  reason: z.string().max(2000).default(""),
});
export type AnswerRequest = z.infer<typeof AnswerRequest>;
