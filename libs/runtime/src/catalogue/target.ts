import type { CatalogueEntry } from "./entry.ts";

/** The target. */
export const target = {
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
} as const satisfies Record<string, CatalogueEntry>;
