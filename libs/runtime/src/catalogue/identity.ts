import type { CatalogueEntry } from "./entry.ts";

/** Who is it? */
export const identity = {
  "token-missing": {
    text: "no token came",
    hint: "give a token of your identity provider (PostgreSQL clients: as the password)",
    sqlstate: "28P01",
    http: 401,
  },
  "token-unreadable": {
    text: "what came is not a token that can be read",
    hint: "give a JWT of your identity provider (PostgreSQL clients: as the password)",
    sqlstate: "28P01",
    http: 401,
  },
  "token-issuer": {
    text: "the token's issuer is not known here",
    hint: "use a token of an issuer that the config names",
    sqlstate: "28P01",
    http: 401,
  },
  "token-audience": {
    text: "the token is not meant for this gateway",
    hint: "ask for a token with the audience that the config names",
    sqlstate: "28P01",
    http: 401,
  },
  "token-expired": {
    text: "the token has expired",
    hint: "fetch a new token",
    sqlstate: "28P01",
    http: 401,
  },
  "token-not-yet-valid": {
    text: "the token is not valid yet",
    hint: "check the clocks of this machine and of the identity provider",
    sqlstate: "28P01",
    http: 401,
  },
  "token-lifetime": {
    text: "the token lives longer than its issuer may grant here, or does not say how long",
    hint: "ask for a token with exp and iat no further apart than max_token_lifetime",
    sqlstate: "28P01",
    http: 401,
  },
  "token-claims": {
    text: "the token lacks a claim that is needed, or has it in a form that cannot be read",
    hint: "compare the token's claims with the issuer's entry in the config",
    sqlstate: "28P01",
    http: 401,
  },
  "token-algorithm": {
    text: "the token is signed in a way that is not accepted",
    hint: "let the issuer sign with an asymmetric algorithm, such as ES256 or RS256",
    sqlstate: "28P01",
    http: 401,
  },
  "token-key-unknown": {
    text: "the token is signed by a key that its issuer does not publish",
    hint: "fetch a new token; if that does not help, the issuer's keys cannot be reached",
    sqlstate: "28P01",
    http: 401,
  },
  "token-signature": {
    text: "the token's signature does not verify",
    hint: "fetch a new token, and hand on all of it",
    sqlstate: "28P01",
    http: 401,
  },
  "token-refused": {
    text: "the token was refused",
    hint: "fetch a new token",
    sqlstate: "28P01",
    http: 401,
  },
  "handle-unknown": {
    text: "the handle is not known, or has ended",
    hint: "get another with `sally login`",
    sqlstate: "28P01",
    http: 401,
  },
  "handle-misplaced": {
    text: "a handle opens sessions and nothing else",
    hint: "give the token itself",
    sqlstate: "28P01",
    http: 401,
  },
  "handle-unstored": {
    text: "the handle could not be stored, so it is none",
    hint: "try again, or use the token itself; an operator may run `sally doctor`",
    sqlstate: "58030",
    http: 503,
  },
  "log-in-slowed": {
    text: "too many failed log-ins came from this address",
    hint: "wait a minute before the next try",
    sqlstate: "28000",
    http: 429,
  },
  "authn-absent": {
    text: "the token could not be checked: nobody answered",
    hint: "try again; an operator may run `sally doctor`",
    sqlstate: "08006",
    http: 503,
  },
  revoked: {
    text: "the principal is revoked",
    hint: "an operator can restore it with `sally identity restore`",
    sqlstate: "28000",
    http: 403,
  },
  "session-expired": {
    text: "the session has reached its end",
    hint: "log in again with a new token",
    sqlstate: "57P01",
    http: 401,
  },
  "session-idle": {
    text: "the session was idle for {limit}",
    hint: "connect again when there is something to do, or raise limits.idle",
    sqlstate: "57P05",
    http: 408,
  },
  "idle-in-transaction": {
    text: "the session was idle inside a transaction for {limit}",
    hint: "the transaction is rolled back: commit sooner, or raise limits.idle_in_transaction",
    sqlstate: "25P03",
    http: 408,
  },
  "session-too-long": {
    text: "the session is as old as it may get: {limit}",
    hint: "connect again, or raise limits.session",
    sqlstate: "57P01",
    http: 408,
  },
  "session-ended": {
    text: "the session was ended by an operator: {reason}",
    hint: "ask the operator before you connect again",
    sqlstate: "57P01",
    http: 403,
  },
  /** One answer whether the connection does not exist or its `connect` is denied. */
  "connection-refused": {
    text: "connection `{connection}` does not exist or is not open to you",
    hint: "check the database name; an operator may run `sally policy explain`",
    sqlstate: "28000",
    http: 403,
  },
  "connection-taken-away": {
    text: "the policy no longer lets you connect here",
    hint: "an operator may run `sally policy explain`",
    sqlstate: "57P01",
    http: 403,
  },
} as const satisfies Record<string, CatalogueEntry>;
