import {
  Backend,
  eachFrame,
  FrameReader,
  parseBackend,
  parseDataRow,
  type BackendMessage,
  type Field,
  type Value,
} from "@sallyport/pgwire";

/** What a client was sent for one command, as people read it. */
export type Shown =
  | {
      readonly kind: "rows";
      /** Null when the description was sent with another command. */
      readonly columns: readonly string[] | null;
      readonly rows: readonly (readonly (string | null)[])[];
      /** How many rows there were; `rows` may be fewer. */
      readonly count: number;
    }
  | { readonly kind: "copy"; readonly text: string; readonly bytes: number }
  | { readonly kind: "tag"; readonly tag: string }
  | { readonly kind: "error" | "notice"; readonly sqlstate: string; readonly message: string }
  | { readonly kind: "unreadable"; readonly why: string };

const maxBuffered = 64 * 1024 ** 2;
const copyShown = 4096;

/** Reads recorded backend frames. @param limit rows of each result that are kept */
export function showOutput(parts: readonly Buffer[], limit: number): Shown[] {
  const shown: Shown[] = [];
  let table: { fields: readonly Field[] | null; rows: (string | null)[][]; count: number } | null =
    null;
  let copy: { pieces: Buffer[]; kept: number; bytes: number } | null = null;
  const end = (): void => {
    if (table !== null) {
      const columns = table.fields?.map(({ name }) => name) ?? null;
      shown.push({ kind: "rows", columns, rows: table.rows, count: table.count });
    }
    if (copy !== null)
      shown.push({
        kind: "copy",
        text: Buffer.concat(copy.pieces).toString("utf8"),
        bytes: copy.bytes,
      });
    table = null;
    copy = null;
  };
  const take = (message: BackendMessage): void => {
    switch (message.kind) {
      case "row-description":
        end();
        table = { fields: message.fields, rows: [], count: 0 };
        return;
      case "data-row":
        table ??= { fields: null, rows: [], count: 0 };
        table.count += 1;
        if (table.count <= limit) table.rows.push(readRow(message.frame, table.fields));
        return;
      case "copy-out":
        end();
        copy = { pieces: [], kept: 0, bytes: 0 };
        return;
      case "copy-data": {
        copy ??= { pieces: [], kept: 0, bytes: 0 };
        const body = message.frame.subarray(5);
        copy.bytes += body.length;
        if (copy.kept < copyShown) {
          const piece = body.subarray(0, copyShown - copy.kept);
          copy.pieces.push(piece);
          copy.kept += piece.length;
        }
        return;
      }
      case "command-complete":
        end();
        shown.push({ kind: "tag", tag: message.tag });
        return;
      case "error":
      case "notice": {
        end();
        const { sqlstate = "", message: text = "" } = message.fields;
        shown.push({ kind: message.kind, sqlstate, message: text });
        return;
      }
      case "authentication":
      case "backend-key-data":
      case "bind-complete":
      case "close-complete":
      case "copy-both":
      case "copy-done":
      case "copy-in":
      case "empty-query":
      case "function-call-response":
      case "negotiate-protocol-version":
      case "no-data":
      case "notification":
      case "parameter-description":
      case "parameter-status":
      case "parse-complete":
      case "portal-suspended":
      case "ready-for-query":
    }
  };
  try {
    for (const message of messages(parts)) take(message);
    end();
  } catch (cause) {
    end();
    shown.push({ kind: "unreadable", why: cause instanceof Error ? cause.message : String(cause) });
  }
  return shown;
}

function* messages(parts: readonly Buffer[]): Generator<BackendMessage> {
  const reader = new FrameReader({ from: "backend", maxBuffered });
  for (const part of parts) {
    reader.push(part);
    for (let frames = reader.next(); frames !== undefined; frames = reader.next()) {
      if (frames.kind === "part") {
        if (frames.offset === 0) yield { kind: "data-row", frame: oversized(frames.type) };
        continue;
      }
      for (const frame of eachFrame(frames.bytes)) yield parseBackend(frame);
    }
  }
  if (reader.pending > 0) throw new Error("the output ends within a message");
}

/** Stands for a row that is too large to be shown: one empty row. */
function oversized(type: number): Buffer {
  const frame = Buffer.alloc(7);
  frame[0] = type === Backend.CopyData ? Backend.CopyData : Backend.DataRow;
  frame.writeInt32BE(6, 1);
  return frame;
}

const readRow = (frame: Buffer, fields: readonly Field[] | null): (string | null)[] =>
  parseDataRow(frame).map((value, column) => readValue(value, fields?.[column]));

/** Text as it is; of the binary formats those that are common, the others as hexadecimal. */
export function readValue(
  value: Value,
  field: Pick<Field, "format" | "type"> | undefined,
): string | null {
  if (value === null) return null;
  if (field?.format !== 1) return value.toString("utf8");
  const sized = (bytes: number): boolean => value.length === bytes;
  switch (field.type) {
    case 16:
      return sized(1) ? (value[0] === 0 ? "f" : "t") : hex(value);
    case 20:
      return sized(8) ? String(value.readBigInt64BE()) : hex(value);
    case 21:
      return sized(2) ? String(value.readInt16BE()) : hex(value);
    case 23:
      return sized(4) ? String(value.readInt32BE()) : hex(value);
    case 26:
      return sized(4) ? String(value.readUInt32BE()) : hex(value);
    case 700:
      return sized(4) ? String(value.readFloatBE()) : hex(value);
    case 701:
      return sized(8) ? String(value.readDoubleBE()) : hex(value);
    case 18:
    case 19:
    case 25:
    case 114:
    case 1042:
    case 1043:
      return value.toString("utf8");
    case 1114:
    case 1184:
      return sized(8) ? timestamp(value.readBigInt64BE()) : hex(value);
    case 2950:
      return sized(16)
        ? value.toString("hex").replace(/^(.{8})(.{4})(.{4})(.{4})/, "$1-$2-$3-$4-")
        : hex(value);
    default:
      return hex(value);
  }
}

const hex = (value: Buffer): string => `\\x${value.toString("hex")}`;

/** Microseconds since 2000-01-01. */
function timestamp(micros: bigint): string {
  const time = new Date(946_684_800_000 + Number(micros / 1000n));
  return Number.isNaN(time.getTime()) ? String(micros) : time.toISOString();
}
