import type { Msg } from "@nats-io/transport-node";
import type { StoredMessage } from "@sallyport/evidence";

/** A message of a batch, and what it says of its place there. */
export interface DirectMessage {
  readonly stream: string;
  /** The sequence of the message before it in the batch, 0 for the first. */
  readonly follows: number;
  readonly message: StoredMessage;
}

const crlf = "\r\n";
/** What the server adds to a message that it is asked for, in this order, after the headers that were stored. */
const added = [
  "Nats-Stream: ",
  "Nats-Subject: ",
  "Nats-Sequence: ",
  "Nats-Time-Stamp: ",
  "Nats-Num-Pending: ",
  "Nats-Last-Sequence: ",
] as const;

/**
 * Reads an answer of a direct batch read; null when it is not a stored message (an end, an error). Only the server's own
 * lines are read, the last ones: what a client stored before them may be no headers at all, and is handed on as it lies.
 */
export function directMessage(answer: Msg): DirectMessage | null {
  const { data } = answer;
  const block = headerBlock(answer, data);
  const values: string[] = [];
  let end = block.endsWith(crlf + crlf) ? block.length - 2 * crlf.length : -1;
  for (let index = added.length - 1; index >= 0; index--) {
    const name = added[index] ?? "";
    const start = end < 0 ? -1 : block.lastIndexOf(crlf, end - 1);
    if (start < 0 || !block.startsWith(name, start + crlf.length)) return null;
    values.unshift(block.slice(start + crlf.length + name.length, end));
    end = start;
  }
  const [stream = "", subject = "", seq, time = "", , follows] = values;
  return {
    stream,
    follows: number(follows),
    message: {
      seq: number(seq),
      subject: Buffer.from(subject, "latin1").toString("utf8"),
      time,
      headers:
        block.slice(0, end) === "NATS/1.0"
          ? null
          : Buffer.from(`${block.slice(0, end)}${crlf}${crlf}`, "latin1"),
      data: Buffer.from(data.buffer, data.byteOffset, data.byteLength),
    },
  };
}

/** What nats.js makes of a message, and does not promise: how many bytes subject, reply, headers and data are. */
interface Sized {
  size(): number;
}

const isSized = (answer: object): answer is Sized =>
  "size" in answer && typeof answer.size === "function";

/**
 * The header block, a character a byte. nats.js hands out headers only as a map, which takes longer to make than all else
 * that is done with a message, and throws where a client has stored what is none. They lie before the data.
 */
function headerBlock(answer: Msg, data: Uint8Array): string {
  if (!isSized(answer)) throw new Error("nats.js does not say how large a message is");
  const names = Buffer.byteLength(answer.subject) + Buffer.byteLength(answer.reply ?? "");
  const length = answer.size() - names - data.byteLength;
  const start = data.byteOffset - length;
  return start < 0 ? "" : Buffer.from(data.buffer, start, length).toString("latin1");
}

const number = (text: string | undefined): number => Number(text || Number.NaN);
