import type { TransactionStatus } from "./backend-messages.ts";
import type { Format } from "./frontend-messages.ts";
import { Backend } from "./message-types.ts";
import { MessageWriter } from "./message-writer.ts";

// What a server says, beside rows (data-row.ts, row-description.ts) and errors (message-fields.ts).

const empty = (type: number) => new MessageWriter(type, 16).finish();

/** Single bytes without a frame: the answers to SSLRequest and GSSENCRequest. */
export const encryptionAccepted = Buffer.from("S");
export const encryptionRefused = Buffer.from("N");

export const parseComplete = empty(Backend.ParseComplete);
export const bindComplete = empty(Backend.BindComplete);
export const closeComplete = empty(Backend.CloseComplete);
export const emptyQueryResponse = empty(Backend.EmptyQueryResponse);
export const noData = empty(Backend.NoData);
export const portalSuspended = empty(Backend.PortalSuspended);

export const authenticationOk = new MessageWriter(Backend.Authentication, 16).int32(0).finish();
export const authenticationCleartextPassword = new MessageWriter(Backend.Authentication, 16)
  .int32(3)
  .finish();

/** @param mechanisms by preference */
export function authenticationSasl(mechanisms: readonly string[]): Buffer {
  const writer = new MessageWriter(Backend.Authentication).int32(10);
  for (const mechanism of mechanisms) writer.text(mechanism);
  return writer.byte(0).finish();
}

export function authenticationSaslContinue(data: Uint8Array): Buffer {
  return new MessageWriter(Backend.Authentication).int32(11).bytes(data).finish();
}

export function authenticationSaslFinal(data: Uint8Array): Buffer {
  return new MessageWriter(Backend.Authentication).int32(12).bytes(data).finish();
}

export function parameterStatus(name: string, value: string): Buffer {
  return new MessageWriter(Backend.ParameterStatus).text(name).text(value).finish();
}

/** @param key 4 bytes unless the client speaks 3.2, then up to 256 */
export function backendKeyData(pid: number, key: Uint8Array): Buffer {
  return new MessageWriter(Backend.BackendKeyData).int32(pid).bytes(key).finish();
}

/** @param minor the newest of protocol 3 that we speak */
export function negotiateProtocolVersion(minor: number, unsupported: readonly string[]): Buffer {
  const writer = new MessageWriter(Backend.NegotiateProtocolVersion);
  writer.int32((3 << 16) | minor).int32(unsupported.length);
  for (const name of unsupported) writer.text(name);
  return writer.finish();
}

const ready = {
  I: new MessageWriter(Backend.ReadyForQuery, 16).byte(0x49).finish(),
  T: new MessageWriter(Backend.ReadyForQuery, 16).byte(0x54).finish(),
  E: new MessageWriter(Backend.ReadyForQuery, 16).byte(0x45).finish(),
} satisfies Record<TransactionStatus, Buffer>;

export function readyForQuery(status: TransactionStatus): Buffer {
  return ready[status];
}

export function commandComplete(tag: string): Buffer {
  return new MessageWriter(Backend.CommandComplete).text(tag).finish();
}

/** @param types OIDs */
export function parameterDescription(types: readonly number[]): Buffer {
  const writer = new MessageWriter(Backend.ParameterDescription).int16(types.length);
  for (const type of types) writer.int32(type);
  return writer.finish();
}

export function notificationResponse(pid: number, channel: string, payload: string): Buffer {
  return new MessageWriter(Backend.NotificationResponse)
    .int32(pid)
    .text(channel)
    .text(payload)
    .finish();
}

export function copyInResponse(format: Format, columnFormats: readonly Format[]): Buffer {
  const writer = new MessageWriter(Backend.CopyInResponse).byte(format).int16(columnFormats.length);
  for (const column of columnFormats) writer.int16(column);
  return writer.finish();
}
