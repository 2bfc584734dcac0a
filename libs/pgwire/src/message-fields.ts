import { BodyReader } from "./body-reader.ts";
import { MessageWriter } from "./message-writer.ts";
import { Backend } from "./message-types.ts";

export type Severity =
  | "ERROR"
  | "FATAL"
  | "PANIC"
  | "WARNING"
  | "NOTICE"
  | "DEBUG"
  | "INFO"
  | "LOG";

/** Fields of ErrorResponse and NoticeResponse by what they mean (PostgreSQL 18, 54.8). */
const letters = {
  severityLocalized: "S",
  severity: "V",
  sqlstate: "C",
  message: "M",
  detail: "D",
  hint: "H",
  position: "P",
  internalPosition: "p",
  internalQuery: "q",
  where: "W",
  schema: "s",
  table: "t",
  column: "c",
  dataType: "d",
  constraint: "n",
  file: "F",
  line: "L",
  routine: "R",
} as const;

type Name = keyof typeof letters;
const names: ReadonlyMap<string, Name> = new Map(
  Object.entries(letters).map(([name, letter]) => [letter, name as Name]),
);

/** Missing fields are absent; unknown ones are dropped. */
export type MessageFields = { readonly [name in Name]?: string };

/** An ErrorResponse or NoticeResponse of a server, as FrameReader gave it. */
export function parseMessageFields(frame: Buffer): MessageFields {
  const body = new BodyReader(frame);
  const fields: Partial<Record<Name, string>> = {};
  for (let letter = body.byte(); letter !== 0; letter = body.byte()) {
    const name = names.get(String.fromCharCode(letter));
    const text = body.lenientText();
    if (name !== undefined) fields[name] = text;
  }
  body.end();
  return fields;
}

export interface Said {
  readonly severity: Severity;
  readonly sqlstate: string;
  readonly message: string;
  readonly detail?: string | undefined;
  readonly hint?: string | undefined;
  /** Characters into the statement, from 1. */
  readonly position?: string | undefined;
  readonly where?: string | undefined;
}

export function errorResponse(said: Said): Buffer {
  return write(Backend.ErrorResponse, { severityLocalized: said.severity, ...said });
}

export function noticeResponse(said: Said): Buffer {
  return write(Backend.NoticeResponse, { severityLocalized: said.severity, ...said });
}

function write(type: number, fields: { readonly [name in Name]?: string | undefined }): Buffer {
  const writer = new MessageWriter(type);
  for (const [name, letter] of Object.entries(letters)) {
    const text = fields[name as Name];
    // A field cannot hold a NUL, and what it quotes may come from anyone.
    if (text !== undefined) writer.byte(letter.charCodeAt(0)).text(text.replaceAll("\0", "\uFFFD"));
  }
  return writer.byte(0).finish();
}
