import type { ByteSink } from "./byte-sink.ts";
import { ProtocolError } from "./protocol-error.ts";
import { rewriteTuple, type ValueWriter } from "./data-row.ts";

const signature = Buffer.from("PGCOPY\n\xff\r\n\0", "latin1");
/** Signature, flags, length of the header's extension. */
const headerBytes = signature.length + 8;

/** COPY TO in binary format with some columns replaced: a header, tuples, and the count -1 as their end. */
export class CopyBinary {
  readonly #writers: readonly (ValueWriter | undefined)[];
  #begun = false;
  #ended = false;

  constructor(writers: readonly (ValueWriter | undefined)[]) {
    this.#writers = writers;
  }

  /** Appends one message's data: a tuple or the end, after the header when it is the first. @throws {ProtocolError} */
  line(data: Buffer, start: number, end: number, sink: ByteSink): void {
    let at = start;
    if (!this.#begun) {
      at += headerBytes;
      // No flag and no extension is known that a server writes.
      if (
        at > end ||
        signature.compare(data, start, start + signature.length) !== 0 ||
        data.readInt32BE(at - 8) !== 0 ||
        data.readInt32BE(at - 4) !== 0
      )
        throw differs();
      this.#begun = true;
      sink.append(data, start, at);
      if (at === end) return;
    }
    if (this.#ended || at + 2 > end) throw differs();
    if (data.readInt16BE(at) === -1 && at + 2 === end) {
      this.#ended = true;
      return sink.append(data, at, end);
    }
    sink.append(data, rewriteTuple(data, at, end, this.#writers, at, sink), end);
  }
}

const differs = () =>
  new ProtocolError("message-format", "data of COPY differs from binary format");
