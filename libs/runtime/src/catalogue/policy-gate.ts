import type { CatalogueEntry } from "./entry.ts";

/** The policy gate. */
export const policyGate = {
  "policy-absent": {
    text: "the command was not judged: policy did not answer in {limit}",
    hint: "nothing was sent to the target; try again",
    sqlstate: "58000",
    http: 503,
  },
  "verdict-mismatch": {
    text: "the verdict that came does not fit the command",
    hint: "nothing was sent to the target; an operator must look at the alarm in the worker's log",
    sqlstate: "58000",
    http: 502,
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
    hint: "ask who denied it; sent again, the command asks again",
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
} as const satisfies Record<string, CatalogueEntry>;
