import type { MessageFields } from "@sallyport/pgwire";

export type TargetErrorCode =
  | "target-unreachable"
  | "target-deadline"
  | "target-tls"
  | "target-authentication"
  | "target-refused-login"
  | "target-protocol";

const catalogue = {
  "target-unreachable": { sqlstate: "08001", message: "the target cannot be reached" },
  "target-deadline": { sqlstate: "08001", message: "the target did not answer in time" },
  "target-tls": { sqlstate: "08001", message: "no secure connection to the target" },
  "target-authentication": {
    sqlstate: "08004",
    message: "the gateway and the target do not agree on how to log in",
  },
  "target-refused-login": { sqlstate: "08004", message: "the target refused the log-in" },
  "target-protocol": { sqlstate: "08P01", message: "the target does not speak PostgreSQL" },
} as const satisfies Record<TargetErrorCode, { sqlstate: string; message: string }>;

/** A session with the target did not come about. `message` is safe to show to a client; `cause` and `said` are not. */
export class TargetError extends Error {
  override readonly name = "TargetError";
  readonly code: TargetErrorCode;
  /**
   * Of class 08 where the fault is the gateway's or its credentials'; the target's own otherwise
   * (53300 too many connections, 57P03 starting up, 22023 a start-up parameter, 3D000 no such database).
   */
  readonly sqlstate: string;
  /** What the target said, its credentials taken out: for logs, and for texts about the client's own start-up parameters. */
  readonly said: MessageFields | undefined;

  constructor(code: TargetErrorCode, options: { cause?: unknown; said?: MessageFields } = {}) {
    super(catalogue[code].message, { cause: options.cause });
    this.code = code;
    this.said = options.said;
    const own = options.said?.sqlstate;
    // 28…: our credentials, which a client must not take for its own token.
    this.sqlstate =
      own !== undefined && /^[0-9A-Z]{5}$/.test(own) && !own.startsWith("28")
        ? own
        : catalogue[code].sqlstate;
  }
}
