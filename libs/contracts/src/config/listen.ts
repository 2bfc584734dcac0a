import { z } from "zod";
import { issuerName } from "./identity.ts";
import { AddressText, off } from "./values.ts";

const certificate = z.strictObject({
  cert: z
    .string()
    .describe("PEM file of the certificate and its chain; read again when it changes"),
  key: z.string().describe("PEM file of its key"),
});

const httpListener = z.union([
  AddressText.transform((address) => ({ address, tls: "off" as const })),
  z.strictObject({
    address: AddressText.describe("host:port; port 0 takes a free one"),
    tls: z.union([off, certificate]).default("off").describe("`off` is for loopback only"),
  }),
]);

/** OAUTHBEARER (RFC 7628): the server has to name one way of logging in, so it is chosen by the user's name. */
const OAuthListener = z.strictObject({
  users: z
    .array(z.string().min(1).max(63))
    .min(1)
    .max(64)
    .default(["oauth"])
    .describe("user names, which mean nothing else here, that log in so; `*` is everybody"),
  issuer: issuerName
    .optional()
    .describe("the issuer that clients are sent to for a token; the first one when left out"),
  scope: z
    .string()
    .regex(
      /^[\x21\x23-\x5b\x5d-\x7e]+( [\x21\x23-\x5b\x5d-\x7e]+)*$/,
      "a list of scopes such as `openid groups`",
    )
    .default("openid")
    .describe("what clients are told to ask for"),
});

const postgresListener = z.strictObject({
  address: AddressText.prefault("127.0.0.1:6432").describe("host:port; port 0 takes a free one"),
  tls: z
    .union([off, z.literal("self-signed"), certificate])
    .prefault("self-signed")
    .describe(
      "`self-signed` makes an authority, tls/ca.pem in the data directory; `off` is for loopback only",
    ),
  oauth: z
    .union([off, OAuthListener])
    .prefault({})
    .describe("OAUTHBEARER, for clients of libpq 18; `off` leaves the token as the password"),
});

const http = (address: string, what: string) =>
  httpListener.prefault(address).describe(`HTTP of ${what}: health, metrics; host:port`);

export const Listen = z.strictObject({
  postgres: postgresListener.prefault({}).describe("where PostgreSQL clients connect"),
  authn: http("127.0.0.1:6471", "authn, and of short handles"),
  policy: http("127.0.0.1:6472", "policy"),
  approval: http("127.0.0.1:6473", "approval, and of people who answer holds"),
  recorder: http("127.0.0.1:6474", "the recorder"),
  proxy: http("127.0.0.1:0", "a worker"),
});
