import type { CatalogueEntry } from "./entry.ts";

/** The record gate. */
export const recordGate = {
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
} as const satisfies Record<string, CatalogueEntry>;
