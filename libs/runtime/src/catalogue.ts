/** An error as its receivers see it. `{name}` in a text takes a parameter. */
export interface CatalogueEntry {
  readonly text: string;
  /** The next step. */
  readonly hint?: string;
  readonly sqlstate: string;
  readonly http: number;
}

/**
 * Every error that leaves Sallyport, by code, in the order in which a session meets them; docs/errors.md lists the
 * same. Text and hint are public: they hold nothing of a target's credentials, a token or a private cause.
 */
export const catalogue = {
  // Opening a connection.
  "tls-required": {
    text: "this listener takes no password without TLS",
    hint: "connect with sslmode=require or stricter",
    sqlstate: "28000",
    http: 403,
  },
  "handshake-deadline": {
    text: "the log-in took longer than {limit}",
    hint: "send the start-up message and the token at once",
    sqlstate: "08006",
    http: 408,
  },
  "protocol-violation": {
    text: "the message is not what the protocol allows here: {problem}",
    sqlstate: "08P01",
    http: 400,
  },
  "protocol-version": {
    text: "protocol version {version} is not spoken here",
    hint: "use PostgreSQL protocol 3.0 or 3.2",
    sqlstate: "0A000",
    http: 400,
  },
  "setting-forbidden": {
    text: "setting `{name}` may not be changed through Sallyport",
    hint: "leave the setting out: it would change how statements are read",
    sqlstate: "42501",
    http: 403,
  },
  "too-many-connections": {
    text: "this worker takes no more sessions",
    hint: "try again in a moment, or close sessions that are not used",
    sqlstate: "53300",
    http: 503,
  },
  "too-many-sessions": {
    text: "{whose} has as many sessions as it may have: {limit}",
    hint: "close sessions that are not used, or raise limits.sessions_per_principal or limits.sessions_per_connection",
    sqlstate: "53300",
    http: 429,
  },
  draining: {
    text: "this worker is shutting down",
    hint: "connect again: another worker or its successor will take the session",
    sqlstate: "57P01",
    http: 503,
  },

  // Who is it?
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

  // What is asked for?
  syntax: {
    text: "{problem}",
    sqlstate: "42601",
    http: 400,
  },
  "statement-too-large": {
    text: "the statement and its parameters take {size} bytes, more than the {limit} allowed",
    hint: "split the statement, or raise limits.statement",
    sqlstate: "54000",
    http: 413,
  },
  "result-too-large": {
    text: "the command's result takes more than the {limit} bytes allowed",
    hint: "ask for fewer rows, or raise limits.result_size; what the command did besides may have been done",
    sqlstate: "54000",
    http: 413,
  },
  "row-too-large": {
    text: "a row or line of {size} bytes is too large to be masked",
    hint: "rows of at most 16 MiB are: leave out large columns, or ask for parts of them",
    sqlstate: "54000",
    http: 413,
  },
  "statement-too-complex": {
    text: "the statement is nested too deeply to be read",
    hint: "write it with less nesting",
    sqlstate: "54001",
    http: 400,
  },
  "not-maskable": {
    text: "the statement's output cannot be masked: {problem}",
    hint: "name the columns that you need",
    sqlstate: "42501",
    http: 403,
  },
  "origin-mismatch": {
    text: "the target describes the result otherwise than was judged: {problem}",
    hint: "try again: the target's catalog is read anew",
    sqlstate: "42501",
    http: 409,
  },

  // The record gate.
  "record-unreachable": {
    text: "the command could not be recorded: the record did not answer in {limit}",
    hint: "nothing was sent to the target; try again",
    sqlstate: "58030",
    http: 503,
  },
  "record-refused": {
    text: "the command could not be recorded: the record refused it",
    hint: "nothing was sent to the target; an operator may run `sally doctor`",
    sqlstate: "58030",
    http: 503,
  },
  "record-full": {
    text: "the command could not be recorded: the record is full",
    hint: "nothing was sent to the target; an operator must see why the recorder does not archive",
    sqlstate: "53100",
    http: 507,
  },
  "record-filling": {
    text: "no session can be opened: the record is over three quarters full",
    hint: "the rest is for sessions that are open; an operator must see why the recorder does not archive",
    sqlstate: "53100",
    http: 507,
  },
  "output-unrecorded": {
    text: "the result could not be recorded, so the rest of it was withheld",
    sqlstate: "58030",
    http: 503,
  },
  "bus-lost": {
    text: "the bus is out of reach",
    hint: "nothing is forwarded until it is back; try again",
    sqlstate: "58030",
    http: 503,
  },
  "beat-lost": {
    text: "revocations have not been heard of for too long",
    hint: "nothing is forwarded until authn is back; try again",
    sqlstate: "58000",
    http: 503,
  },

  // The policy gate.
  "policy-absent": {
    text: "the command was not judged: policy did not answer in {limit}",
    hint: "nothing was sent to the target; try again",
    sqlstate: "58000",
    http: 503,
  },
  "verdict-mismatch": {
    text: "the verdict that came does not fit the command",
    hint: "nothing was sent to the target",
    sqlstate: "58000",
    http: 502,
  },
  "verdict-late": {
    text: "the verdict came after the command's deadline",
    hint: "nothing was sent to the target; try again",
    sqlstate: "58000",
    http: 504,
  },
  "verdict-stale": {
    text: "the verdict was given under policies that are no longer in force",
    hint: "nothing was sent to the target; try again",
    sqlstate: "58000",
    http: 503,
  },
  "policy-denied": {
    text: "policy does not permit this command",
    hint: "ask for less, or ask an operator to run `sally policy explain`",
    sqlstate: "42501",
    http: 403,
  },
  "hold-open": {
    text: "the command needs an approval and cannot wait for it here: hold {hold}",
    hint: "have hold {hold} approved, then send the same command again",
    sqlstate: "42501",
    http: 403,
  },
  "hold-denied": {
    text: "the approval was denied: hold {hold}",
    sqlstate: "42501",
    http: 403,
  },
  "hold-expired": {
    text: "nobody approved in time: hold {hold}",
    hint: "send the command again to ask again",
    sqlstate: "42501",
    http: 403,
  },
  "hold-withdrawn": {
    text: "the request for approval was withdrawn: hold {hold}",
    hint: "send the command again to ask again",
    sqlstate: "42501",
    http: 403,
  },
  cancelled: {
    text: "canceling statement due to user request",
    sqlstate: "57014",
    http: 499,
  },
  "transaction-failed": {
    text: "current transaction is aborted, commands ignored until end of transaction block",
    sqlstate: "25P02",
    http: 409,
  },

  // The target.
  "target-unreachable": {
    text: "connection `{connection}`: the target cannot be reached",
    hint: "an operator may run `sally doctor`",
    sqlstate: "08001",
    http: 502,
  },
  "target-refused": {
    text: "connection `{connection}`: the target does not accept the gateway's log-in",
    hint: "an operator may run `sally doctor`",
    sqlstate: "08004",
    http: 502,
  },
  "target-tls": {
    text: "connection `{connection}`: the target's TLS is not what the config demands",
    hint: "an operator may run `sally doctor`",
    sqlstate: "08001",
    http: 502,
  },
  "target-version": {
    text: "connection `{connection}`: PostgreSQL {version} is not read here",
    hint: "targets of PostgreSQL 15 to 18 are",
    sqlstate: "0A000",
    http: 502,
  },
  "target-lost": {
    text: "connection `{connection}`: the target closed the connection",
    hint: "connect again; whether the last command took effect is not known",
    sqlstate: "08006",
    http: 502,
  },
  /** In place of a target's own text on a statement that touches a masked column (I3). */
  "target-text-withheld": {
    text: "the target's message is withheld, because the statement touches masked columns",
    sqlstate: "XX000",
    http: 502,
  },

  // Acts of people.
  "hold-unknown": {
    text: "there is no hold `{hold}`",
    sqlstate: "42704",
    http: 404,
  },
  "hold-settled": {
    text: "hold `{hold}` is {state} already",
    sqlstate: "55000",
    http: 409,
  },
  "approver-refused": {
    text: "you may not answer hold `{hold}`: {problem}",
    hint: "have another person of the group answer",
    sqlstate: "42501",
    http: 403,
  },
  "person-required": {
    text: "only a person may look at holds and answer them",
    hint: "use a token of your own, of an issuer whose tokens stand for persons",
    sqlstate: "42501",
    http: 403,
  },
  "viewer-refused": {
    text: "hold `{hold}` is not yours to see",
    hint: "it is open to the groups that are asked, to who asked, and to its owner",
    sqlstate: "42501",
    http: 403,
  },
  "hold-unreadable": {
    text: "the whole statement of hold `{hold}` cannot be read now, so it cannot be approved",
    hint: "have the same command sent again, then answer",
    sqlstate: "55000",
    http: 409,
  },
  "answer-unrecorded": {
    text: "the answer could not be recorded, so it does not count",
    hint: "try again; an operator may run `sally doctor`",
    sqlstate: "58030",
    http: 503,
  },
  "too-many-requests": {
    text: "too many requests came from this address",
    hint: "wait a minute before the next one",
    sqlstate: "54000",
    http: 429,
  },
  "request-invalid": {
    text: "the request is not understood: {problem}",
    sqlstate: "22023",
    http: 400,
  },
  "not-found": {
    text: "there is nothing here",
    sqlstate: "42704",
    http: 404,
  },
  "not-implemented": {
    text: "{what} is not there yet",
    sqlstate: "0A000",
    http: 501,
  },
  internal: {
    text: "something went wrong inside; the log of the process says more",
    sqlstate: "XX000",
    http: 500,
  },
} as const satisfies Record<string, CatalogueEntry>;

export type ErrorCode = keyof typeof catalogue;
