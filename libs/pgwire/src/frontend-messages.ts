import { BodyReader } from "./body-reader.ts";
import { Frontend } from "./message-types.ts";
import { ProtocolError } from "./protocol-error.ts";

/** 0 is text, 1 is binary. */
export type Format = 0 | 1;

export interface Query {
  readonly kind: "query";
  readonly text: string;
}

export interface Parse {
  readonly kind: "parse";
  readonly statement: string;
  readonly text: string;
  /** OIDs of the parameters' types, 0 where the target infers it; may be fewer than there are. */
  readonly types: readonly number[];
}

export interface Bind {
  readonly kind: "bind";
  readonly portal: string;
  readonly statement: string;
  /** None (all text), one for all, or one a parameter. */
  readonly formats: readonly Format[];
  /** Views of the frame, not copied. */
  readonly parameters: readonly (Buffer | null)[];
  /** None (all text), one for all, or one a column. */
  readonly resultFormats: readonly Format[];
}

export interface Describe {
  readonly kind: "describe";
  readonly of: "statement" | "portal";
  readonly name: string;
}

export interface Close {
  readonly kind: "close";
  readonly of: "statement" | "portal";
  readonly name: string;
}

export interface Execute {
  readonly kind: "execute";
  readonly portal: string;
  /** 0 or less: all rows. */
  readonly maxRows: number;
}

export interface FunctionCall {
  readonly kind: "function-call";
  readonly function: number;
  readonly formats: readonly Format[];
  readonly parameters: readonly (Buffer | null)[];
  readonly resultFormat: Format;
}

export interface CopyData {
  readonly kind: "copy-data";
  readonly data: Buffer;
}

export type FrontendMessage =
  | Query
  | Parse
  | Bind
  | Describe
  | Close
  | Execute
  | FunctionCall
  | CopyData
  | { readonly kind: "copy-fail"; readonly reason: string }
  | { readonly kind: "copy-done" | "flush" | "sync" | "terminate" };

/**
 * One frame that FrameReader gave, after log-in. Strict: every byte is accounted for, texts are
 * UTF-8. @throws ProtocolError; `fatal` only for a type that does not belong here.
 */
export function parseFrontend(frame: Buffer): FrontendMessage {
  const body = new BodyReader(frame);
  const message = parse(frame[0] ?? 0, body);
  body.end();
  return message;
}

function parse(type: number, body: BodyReader): FrontendMessage {
  switch (type) {
    case Frontend.Query:
      return { kind: "query", text: body.text() };
    case Frontend.Parse:
      return {
        kind: "parse",
        statement: body.text(),
        text: body.text(),
        types: Array.from({ length: body.count(4) }, () => body.uint32()),
      };
    case Frontend.Bind:
      return parseBind(body);
    case Frontend.Describe:
      return { kind: "describe", of: objectKind(body), name: body.text() };
    case Frontend.Close:
      return { kind: "close", of: objectKind(body), name: body.text() };
    case Frontend.Execute:
      return { kind: "execute", portal: body.text(), maxRows: body.int32() };
    case Frontend.FunctionCall:
      return parseFunctionCall(body);
    case Frontend.CopyData:
      return { kind: "copy-data", data: body.rest() };
    case Frontend.CopyFail:
      return { kind: "copy-fail", reason: body.text() };
    case Frontend.CopyDone:
      return { kind: "copy-done" };
    case Frontend.Flush:
      return { kind: "flush" };
    case Frontend.Sync:
      return { kind: "sync" };
    case Frontend.Terminate:
      return { kind: "terminate" };
    default:
      throw new ProtocolError("message-type", `invalid frontend message type ${type}`);
  }
}

function parseBind(body: BodyReader): Bind {
  const portal = body.text();
  const statement = body.text();
  const formats = parseFormats(body);
  const parameters = parseParameters(body);
  if (formats.length > 1 && formats.length !== parameters.length)
    throw new ProtocolError(
      "message-format",
      `bind message has ${formats.length} parameter formats but ${parameters.length} parameters`,
    );
  return {
    kind: "bind",
    portal,
    statement,
    formats,
    parameters,
    resultFormats: parseFormats(body),
  };
}

function parseFunctionCall(body: BodyReader): FunctionCall {
  const oid = body.uint32();
  const formats = parseFormats(body);
  const parameters = parseParameters(body);
  if (formats.length > 1 && formats.length !== parameters.length)
    throw new ProtocolError(
      "message-format",
      `function call message contains ${formats.length} argument formats but ${parameters.length} arguments`,
    );
  return {
    kind: "function-call",
    function: oid,
    formats,
    parameters,
    resultFormat: format(body.int16()),
  };
}

function parseFormats(body: BodyReader): Format[] {
  const formats: Format[] = [];
  for (let left = body.count(2); left > 0; left--) formats.push(format(body.int16()));
  return formats;
}

function parseParameters(body: BodyReader): (Buffer | null)[] {
  const parameters: (Buffer | null)[] = [];
  for (let left = body.count(4); left > 0; left--) parameters.push(body.value());
  return parameters;
}

export function format(code: number): Format {
  if (code === 0 || code === 1) return code;
  throw new ProtocolError("message-value", `unsupported format code: ${code}`);
}

function objectKind(body: BodyReader): "statement" | "portal" {
  const subtype = body.byte();
  if (subtype === 0x53) return "statement";
  if (subtype === 0x50) return "portal";
  throw new ProtocolError("message-format", `invalid subtype ${subtype} in message`);
}

/** The format of parameter or column `index` under a Bind's format codes. */
export function formatOf(formats: readonly Format[], index: number): Format {
  return (formats.length === 1 ? formats[0] : formats[index]) ?? 0;
}
