import { z } from "zod";
import { Duration } from "./values.ts";

/** What a token of an issuer stands for: one kind for all, or read from a claim. */
const kind = z.union([
  z.enum(["workload", "person"]),
  z.strictObject({
    claim: z.string().describe("the claim that tells"),
    person: z.array(z.string()).min(1).describe("its values that stand for a person"),
  }),
]);

/** Every asymmetric signature algorithm of RFC 7518 and RFC 8037 that JSON Web Tokens are taken with. */
export const asymmetricAlgorithms = [
  "RS256",
  "RS384",
  "RS512",
  "PS256",
  "PS384",
  "PS512",
  "ES256",
  "ES384",
  "ES512",
  "EdDSA",
  "Ed25519",
] as const;

/** Of what is read of a token, claim paths have dots between the steps. */
export const Issuer = z.strictObject({
  issuer: z
    .url()
    .describe("the tokens' `iss`; its OpenID Connect discovery is read there. https, or loopback"),
  audience: z
    .union([z.string().min(1), z.array(z.string().min(1)).min(1)])
    .describe("what the tokens' `aud` must hold, or one of several"),
  kind: kind.default("workload").describe("what a token stands for: workloads never approve"),
  subject: z.string().default("sub").describe("path of the claim that names the principal"),
  groups: z.string().default("groups").describe("path of the claim that lists its groups"),
  owner: z.string().default("owner").describe("path of the claim that names who answers for it"),
  claims: z
    .array(z.string())
    .max(32)
    .default([])
    .describe("claims that policies may look at, as `context.claims`"),
  algorithms: z
    .array(z.enum(asymmetricAlgorithms))
    .min(1)
    .optional()
    .describe("signature algorithms that are taken; every asymmetric one when left out"),
  max_token_lifetime: Duration.prefault("1h").describe(
    "the most between a token's `iat` and `exp`",
  ),
  session: z
    .union([Duration, z.literal("until-token-expires")])
    .prefault("8h")
    .describe("how long a session that a token opened may last"),
});
export type Issuer = z.infer<typeof Issuer>;

export const issuerName = z.string().regex(/^[a-z][a-z0-9-]{0,31}$/, "a name such as `corp`");
