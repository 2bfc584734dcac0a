import { z } from "zod";

/** Who calls, as authn established it. `id` is `<issuer name>#<subject>`, groups are `<issuer name>/<group>`. */
export const Principal = z.strictObject({
  id: z.string().min(3).max(512),
  issuer: z.string().min(1).max(64),
  subject: z.string().min(1).max(400),
  kind: z.enum(["workload", "person"]),
  groups: z.array(z.string().max(512)).max(512),
  /** The person or workload that answers for it, as `<issuer>#<subject>`. */
  owner: z.string().max(512).optional(),
  /** RFC 8693 `act` chain, nearest actor first, as subjects. */
  delegation: z.array(z.string().max(512)).max(16),
  /** The token's `jti`, or the SHA-256 of its signing input when it has none. */
  token: z.string().max(256),
  /** Claims that policies may look at: scalars and lists of strings, at most 4 KiB as JSON. */
  claims: z.record(z.string(), z.union([z.string(), z.number(), z.boolean(), z.array(z.string())])),
});
export type Principal = z.infer<typeof Principal>;
