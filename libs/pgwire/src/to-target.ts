import type { Format } from "./frontend-messages.ts";
import { Frontend } from "./message-types.ts";
import { MessageWriter } from "./message-writer.ts";

// What a client says. A text that holds a NUL is a RangeError, never a second message.

const empty = (type: number) => new MessageWriter(type, 16).finish();

export const sync = empty(Frontend.Sync);
export const flush = empty(Frontend.Flush);
export const terminate = empty(Frontend.Terminate);
export const copyDone = empty(Frontend.CopyDone);
export const sslRequest = new MessageWriter(undefined, 16).int32((1234 << 16) | 5679).finish();

/** Protocol 3.`minor`. */
export function startupMessage(parameters: Iterable<readonly [string, string]>, minor = 0): Buffer {
  const writer = new MessageWriter(undefined).int32((3 << 16) | minor);
  for (const [name, value] of parameters) {
    // An empty name would end the list.
    if (name === "") throw new RangeError("a startup parameter needs a name");
    writer.text(name).text(value);
  }
  return writer.byte(0).finish();
}

export function cancelRequest(pid: number, key: Uint8Array): Buffer {
  return new MessageWriter(undefined)
    .int32((1234 << 16) | 5678)
    .int32(pid)
    .bytes(key)
    .finish();
}

export function query(text: string): Buffer {
  return new MessageWriter(Frontend.Query, 6 + Buffer.byteLength(text)).text(text).finish();
}

/** @param types OIDs, 0 where the target is to infer it */
export function parse(statement: string, text: string, types: readonly number[] = []): Buffer {
  const writer = new MessageWriter(Frontend.Parse).text(statement).text(text).int16(types.length);
  for (const type of types) writer.int32(type);
  return writer.finish();
}

export interface Binding {
  readonly portal?: string;
  readonly statement?: string;
  readonly formats?: readonly Format[];
  readonly parameters?: readonly (Uint8Array | null)[];
  readonly resultFormats?: readonly Format[];
}

export function bind(binding: Binding): Buffer {
  const { formats = [], parameters = [], resultFormats = [] } = binding;
  const writer = new MessageWriter(Frontend.Bind);
  writer.text(binding.portal ?? "").text(binding.statement ?? "");
  writer.int16(formats.length);
  for (const format of formats) writer.int16(format);
  writer.int16(parameters.length);
  for (const parameter of parameters) writer.value(parameter);
  writer.int16(resultFormats.length);
  for (const format of resultFormats) writer.int16(format);
  return writer.finish();
}

export function describe(of: "statement" | "portal", name: string): Buffer {
  return new MessageWriter(Frontend.Describe).byte(subtype(of)).text(name).finish();
}

export function close(of: "statement" | "portal", name: string): Buffer {
  return new MessageWriter(Frontend.Close).byte(subtype(of)).text(name).finish();
}

const subtype = (of: "statement" | "portal") => (of === "statement" ? 0x53 : 0x50);

/** @param maxRows 0: all */
export function execute(portal = "", maxRows = 0): Buffer {
  return new MessageWriter(Frontend.Execute).text(portal).int32(maxRows).finish();
}

export function copyData(data: Uint8Array): Buffer {
  return new MessageWriter(Frontend.CopyData, 5 + data.length).bytes(data).finish();
}

export function copyFail(reason: string): Buffer {
  return new MessageWriter(Frontend.CopyFail).text(reason).finish();
}

export function passwordMessage(password: string): Buffer {
  return new MessageWriter(Frontend.Password).text(password).finish();
}

export function saslInitialResponse(mechanism: string, data: Uint8Array): Buffer {
  return new MessageWriter(Frontend.Password).text(mechanism).value(data).finish();
}

export function saslResponse(data: Uint8Array): Buffer {
  return new MessageWriter(Frontend.Password).bytes(data).finish();
}
