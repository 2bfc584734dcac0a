import { z } from "zod";
import { Duration, SecretRef } from "./values.ts";

const groupName = z.string().regex(/^[a-z][a-z0-9-]{0,31}\/.+$/, "a group such as `corp/dba`");

const principalName = z
  .string()
  .regex(/^[a-z][a-z0-9-]{0,31}#.+$/, "a principal such as `corp#alice`");

/** Who is told of holds: Standard Webhooks, a POST an event. */
export const Webhook = z.strictObject({
  kind: z.literal("webhook").describe("a signed POST for each event"),
  name: z
    .string()
    .regex(/^[a-zA-Z0-9][a-zA-Z0-9._:-]{0,62}$/, "a name such as `chat`")
    .optional()
    .describe(
      "what logs and pages call it, because a URL may itself be a secret; the URL's host when left out",
    ),
  url: z.url().describe("https, or http to loopback"),
  secret: z
    .union([SecretRef, z.array(SecretRef).min(1).max(4)])
    .describe("`whsec_…`; each message is signed with all of several, to change them one by one"),
  ca: z
    .string()
    .min(1)
    .optional()
    .describe("PEM file of the receiver's authority; the system's when left out"),
  timeout: Duration.refine((value) => value <= 30_000, "at most 30s")
    .prefault("10s")
    .describe("how long one attempt may take; 30s at most"),
});
export type Webhook = z.infer<typeof Webhook>;

export const Approvals = z.strictObject({
  groups: z
    .record(
      groupName,
      z.strictObject({ members: z.array(principalName).describe("such as `corp#alice`") }),
    )
    .default({})
    .describe("members beside those whose token carries the group"),
  notify: z.array(Webhook).max(8).default([]).describe("who is told of holds"),
});
