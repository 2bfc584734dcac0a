import { OutputHeader, type SessionId } from "@sallyport/contracts";
import { LineCursor } from "./line-cursor.ts";

/** A piece of output as it lay in its message. */
export interface StoredChunk {
  readonly session: SessionId;
  /** The header's JSON, without its newline. */
  readonly header: Buffer;
  readonly body: Buffer;
}

const newline = 0x0a;
const brace = 0x7d;
const headerLimit = 1024;
const bytes = (text: string): Uint8Array => new Uint8Array(Buffer.from(text, "latin1"));
const [begin, command, kind, part, size] = [
  bytes('{"v":1,"type":"output","session":'),
  bytes(',"command":'),
  bytes(',"kind":"'),
  bytes('","part":'),
  bytes(',"bytes":'),
];
const kinds = OutputHeader.shape.kind.options.map(bytes);
const cursor = new LineCursor();

/** Reads an OUTPUT message strictly; null when it is not a run of chunks. */
export function readChunks(message: Buffer): StoredChunk[] | null {
  const chunks: StoredChunk[] = [];
  for (let at = 0; at < message.length;) {
    const end = message.indexOf(newline, at);
    if (end < 0 || end - at > headerLimit) return null;
    const header = message.subarray(at, end);
    const read = plainHeader(header) ?? bySchema(header);
    if (read === null || end + 1 + read.bytes > message.length) return null;
    at = end + 1 + read.bytes;
    chunks.push({ session: read.session, header, body: message.subarray(end + 1, at) });
  }
  return chunks;
}

type Header = Pick<OutputHeader, "session" | "bytes">;

/** A header as our workers write it; null says only that the schema has to read it. */
function plainHeader(header: Buffer): Header | null {
  cursor.begin(header, 0, header.length);
  if (!cursor.literal(begin) || !cursor.id()) return null;
  const session = cursor.lastId() as SessionId;
  if (!cursor.literal(command) || !cursor.id() || !cursor.literal(kind)) return null;
  if (!kinds.some((one) => cursor.literal(one)) || !cursor.literal(part)) return null;
  if (cursor.integer() < 1 || !cursor.literal(size)) return null;
  const length = cursor.integer();
  if (length < 0 || !cursor.byte(brace) || cursor.at !== cursor.end) return null;
  return { session, bytes: length };
}

function bySchema(header: Buffer): Header | null {
  try {
    const read = OutputHeader.safeParse(JSON.parse(header.toString("utf8")));
    return read.success ? read.data : null;
  } catch {
    return null;
  }
}
