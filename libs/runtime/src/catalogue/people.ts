import type { CatalogueEntry } from "./entry.ts";

/** Acts of people. */
export const people = {
  "hold-unknown": {
    text: "there is no hold `{hold}`",
    hint: "`sally approvals list --state all` shows those that are yours to see",
    sqlstate: "42704",
    http: 404,
  },
  "hold-settled": {
    text: "hold `{hold}` is {state} already",
    hint: "`sally approvals show {hold}` says what became of it",
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
} as const satisfies Record<string, CatalogueEntry>;
