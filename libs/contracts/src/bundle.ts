import { z } from "zod";
import { Millis, Name } from "./ids.ts";
import { Connection } from "./config/connection.ts";

export const PolicyFile = z.strictObject({
  /** Path relative to the policies directory, for messages. */
  file: z.string(),
  text: z.string(),
});
export type PolicyFile = z.infer<typeof PolicyFile>;

/**
 * What `sally apply` puts into the bundle bucket: everything that may change while services run, as one
 * value whose revision is its sequence in the bucket. Durations are milliseconds; credentials are references.
 */
export const Bundle = z.strictObject({
  v: z.literal(1),
  type: z.literal("bundle"),
  connections: z.record(Name, Connection),
  /** Names of issuers, so that a policy naming another is refused. */
  issuers: z.array(z.string()),
  approvers: z.record(z.string(), z.strictObject({ members: z.array(z.string()) })),
  baseline: z.boolean(),
  policies: z.array(PolicyFile),
  applied: z.strictObject({ at: Millis, by: z.string(), from: z.string() }),
});
export type Bundle = z.infer<typeof Bundle>;
