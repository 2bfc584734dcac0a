/** What is wrong with the bytes; stable, for logs and docs/errors.md. */
export type ProtocolErrorCode =
  | "frame-length"
  | "frame-too-large"
  | "message-type"
  | "message-format"
  | "message-text"
  | "message-value"
  | "startup-packet";

const sqlstates = {
  "frame-length": "08P01",
  "frame-too-large": "54000",
  "message-type": "08P01",
  "message-format": "08P01",
  "message-text": "22021",
  "message-value": "22023",
  "startup-packet": "08P01",
} as const satisfies Record<ProtocolErrorCode, string>;

/**
 * The peer broke the protocol; the only error that anything here throws. `fatal`: the place of the
 * next frame is unknown or not to be believed, so the connection ends. Otherwise the frame was read
 * whole, and the session can go on as after any error. The text never carries the peer's bytes.
 */
export class ProtocolError extends Error {
  override readonly name = "ProtocolError";
  readonly code: ProtocolErrorCode;
  readonly sqlstate: string;
  readonly fatal: boolean;

  constructor(code: ProtocolErrorCode, message: string) {
    super(message);
    this.code = code;
    this.sqlstate = sqlstates[code];
    this.fatal =
      code === "frame-length" ||
      code === "frame-too-large" ||
      code === "message-type" ||
      code === "startup-packet";
  }
}
