import type { CatalogueEntry } from "./entry.ts";

/** Of the HTTP interfaces, and of all. */
export const requests = {
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
