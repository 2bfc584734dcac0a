import type { MessageFields } from "@sallyport/pgwire";
import { SallyError } from "@sallyport/runtime";

/** Why a session with the target did not come about, and the catalogue's code for a client. */
const codes = {
  "target-unreachable": "target-unreachable",
  "target-deadline": "target-unreachable",
  /** It does not speak PostgreSQL. */
  "target-protocol": "target-unreachable",
  "target-tls": "target-tls",
  /** No method of proof that both sides take, or the target's own proof is wrong. */
  "target-authentication": "target-refused",
  "target-refused-login": "target-refused",
} as const;

export type TargetErrorCode = keyof typeof codes;

/** For the log; what a client may see of it is `catalogued` and `ownWords`. */
export class TargetError extends Error {
  override readonly name = "TargetError";
  readonly code: TargetErrorCode;
  /** What the target said, its credentials taken out. */
  readonly said: MessageFields | undefined;

  constructor(
    code: TargetErrorCode,
    message: string,
    options: { readonly cause?: unknown; readonly said?: MessageFields } = {},
  ) {
    super(message, { cause: options.cause });
    this.code = code;
    this.said = options.said;
  }

  /** As a client is told that has no business with the gateway's credentials. */
  catalogued(connection: string): SallyError {
    return new SallyError(codes[this.code], { params: { connection }, cause: this });
  }

  /**
   * The target's own error where it may pass: too many connections, starting up, a start-up parameter
   * that it does not take. Not class 28: those are our credentials, which a client must not
   * take for its token.
   */
  get ownWords(): MessageFields | undefined {
    return /^(?!28)[0-9A-Z]{5}$/.test(this.said?.sqlstate ?? "") ? this.said : undefined;
  }
}
