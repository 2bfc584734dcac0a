import type {
  Approval,
  Close,
  Command,
  Open,
  Own,
  Refused,
  Result,
  Verdict,
} from "@sallyport/contracts";

type Chained = "type" | "session" | "n" | "time";

/** What recording asks of an event: whose it is, and what an index says of it. A whole event is one, too. */
export type EventGist =
  | Pick<
      Open,
      Chained | "start" | "number" | "protocol" | "connection" | "address" | "principal" | "trace"
    >
  | Pick<Command, Chained | "command" | "trace">
  | Pick<Refused, Chained | "command">
  | Pick<Result, Chained | "command" | "outcome" | "bytes">
  | Pick<Own, Chained>
  | Pick<Close, Chained | "reason" | "bytes">
  | Pick<
      Verdict,
      "type" | "session" | "time" | "command" | "decision" | "holds" | "hold" | "revision" | "under"
    >
  | Pick<Approval, "type" | "session" | "time">;
