import type { CatalogueEntry } from "./entry.ts";

/** Opening a connection. */
export const opening = {
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
} as const satisfies Record<string, CatalogueEntry>;
