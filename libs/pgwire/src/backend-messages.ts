import { parseAuthentication, type AuthenticationRequest } from "./authentication.ts";
import { BodyReader } from "./body-reader.ts";
import { format, type Format } from "./frontend-messages.ts";
import { parseMessageFields, type MessageFields } from "./message-fields.ts";
import { Backend } from "./message-types.ts";
import { ProtocolError } from "./protocol-error.ts";
import { parseRowDescription, type Field } from "./row-description.ts";

/** Idle, in a transaction, in a failed transaction. */
export type TransactionStatus = "I" | "T" | "E";

export interface CopyStart {
  readonly kind: "copy-in" | "copy-out" | "copy-both";
  readonly format: Format;
  /** One a column. */
  readonly columnFormats: readonly Format[];
}

export interface KeyData {
  readonly kind: "backend-key-data";
  readonly pid: number;
  /** 4 bytes in protocol 3.0, 4 to 256 in 3.2. */
  readonly key: Buffer;
}

export interface Notification {
  readonly kind: "notification";
  readonly pid: number;
  readonly channel: string;
  readonly payload: string;
}

export type BackendMessage =
  | AuthenticationRequest
  | KeyData
  | CopyStart
  | Notification
  | { readonly kind: "parameter-status"; readonly name: string; readonly value: string }
  | { readonly kind: "ready-for-query"; readonly status: TransactionStatus }
  | { readonly kind: "row-description"; readonly fields: readonly Field[] }
  | { readonly kind: "command-complete"; readonly tag: string }
  | { readonly kind: "error"; readonly fields: MessageFields }
  | { readonly kind: "notice"; readonly fields: MessageFields }
  | { readonly kind: "parameter-description"; readonly types: readonly number[] }
  | {
      readonly kind: "negotiate-protocol-version";
      readonly minor: number;
      readonly unsupported: readonly string[];
    }
  | { readonly kind: "function-call-response"; readonly value: Buffer | null }
  | { readonly kind: "data-row"; readonly frame: Buffer }
  | { readonly kind: "copy-data"; readonly frame: Buffer }
  | {
      readonly kind:
        | "parse-complete"
        | "bind-complete"
        | "close-complete"
        | "empty-query"
        | "no-data"
        | "portal-suspended"
        | "copy-done";
    };

/**
 * One frame of a server, as FrameReader gave it. DataRow and CopyData stay bytes (parseDataRow reads
 * them). @throws ProtocolError
 */
export function parseBackend(frame: Buffer): BackendMessage {
  const type = frame[0] ?? 0;
  switch (type) {
    case Backend.DataRow:
      return { kind: "data-row", frame };
    case Backend.CopyData:
      return { kind: "copy-data", frame };
    case Backend.Authentication:
      return parseAuthentication(frame);
    case Backend.RowDescription:
      return { kind: "row-description", fields: parseRowDescription(frame) };
    case Backend.ErrorResponse:
      return { kind: "error", fields: parseMessageFields(frame) };
    case Backend.NoticeResponse:
      return { kind: "notice", fields: parseMessageFields(frame) };
    default: {
      const body = new BodyReader(frame);
      const message = parse(type, body);
      body.end();
      return message;
    }
  }
}

function parse(type: number, body: BodyReader): BackendMessage {
  switch (type) {
    case Backend.ParameterStatus:
      return { kind: "parameter-status", name: body.text(), value: body.lenientText() };
    case Backend.BackendKeyData:
      return parseKeyData(body);
    case Backend.ReadyForQuery:
      return { kind: "ready-for-query", status: transactionStatus(body.byte()) };
    case Backend.CommandComplete:
      return { kind: "command-complete", tag: body.text() };
    case Backend.CopyInResponse:
      return copyStart("copy-in", body);
    case Backend.CopyOutResponse:
      return copyStart("copy-out", body);
    case Backend.CopyBothResponse:
      return copyStart("copy-both", body);
    case Backend.ParameterDescription:
      return {
        kind: "parameter-description",
        types: Array.from({ length: body.count(4) }, () => body.uint32()),
      };
    case Backend.NotificationResponse:
      return {
        kind: "notification",
        pid: body.int32(),
        channel: body.lenientText(),
        payload: body.lenientText(),
      };
    case Backend.NegotiateProtocolVersion:
      return negotiation(body);
    case Backend.FunctionCallResponse:
      return { kind: "function-call-response", value: body.value() };
    case Backend.ParseComplete:
      return { kind: "parse-complete" };
    case Backend.BindComplete:
      return { kind: "bind-complete" };
    case Backend.CloseComplete:
      return { kind: "close-complete" };
    case Backend.EmptyQueryResponse:
      return { kind: "empty-query" };
    case Backend.NoData:
      return { kind: "no-data" };
    case Backend.PortalSuspended:
      return { kind: "portal-suspended" };
    case Backend.CopyDone:
      return { kind: "copy-done" };
    default:
      throw new ProtocolError("message-type", `invalid backend message type ${type}`);
  }
}

function parseKeyData(body: BodyReader): KeyData {
  const pid = body.int32();
  if (body.left < 4 || body.left > 256)
    throw new ProtocolError("message-format", "invalid length of a cancel key");
  // A copy: it outlives the chunk that it came in.
  return { kind: "backend-key-data", pid, key: Buffer.from(body.rest()) };
}

/** @param code the status byte of ReadyForQuery */
function transactionStatus(code: number): TransactionStatus {
  if (code === 0x49) return "I";
  if (code === 0x54) return "T";
  if (code === 0x45) return "E";
  throw new ProtocolError("message-format", `invalid transaction status ${code}`);
}

function copyStart(kind: CopyStart["kind"], body: BodyReader): CopyStart {
  const overall = format(body.byte());
  const columnFormats: Format[] = [];
  for (let left = body.count(2); left > 0; left--) columnFormats.push(format(body.int16()));
  return { kind, format: overall, columnFormats };
}

function negotiation(body: BodyReader): BackendMessage {
  // PostgreSQL sends the whole version number here, 3 in its upper half, where the manual says "minor".
  const minor = body.int32() & 0xffff;
  const count = body.uint32();
  if (count > body.left)
    throw new ProtocolError("message-format", "insufficient data left in message");
  const unsupported: string[] = [];
  for (let left = count; left > 0; left--) unsupported.push(body.text());
  return { kind: "negotiate-protocol-version", minor, unsupported };
}
