import { ProtocolError } from "./protocol-error.ts";
import { invalidUtf8, utf8Text } from "./utf8-text.ts";

const shortOfData = () => new ProtocolError("message-format", "insufficient data left in message");

/** A strict cursor over one frame as FrameReader gives it, beginning after its header. */
export class BodyReader {
  readonly #bytes: Buffer;
  #at: number;

  /** @param at where the body begins; 4 for a startup packet, which has no type byte */
  constructor(frame: Buffer, at: 4 | 5 = 5) {
    // A run of several frames must not be read as one long one.
    if (frame.length < at || frame.readInt32BE(at - 4) !== frame.length - at + 4)
      throw new ProtocolError("message-format", "not exactly one message");
    this.#bytes = frame;
    this.#at = at;
  }

  get left(): number {
    return this.#bytes.length - this.#at;
  }

  byte(): number {
    this.#need(1);
    return this.#bytes[this.#at++] ?? 0;
  }

  int16(): number {
    this.#need(2);
    const value = this.#bytes.readInt16BE(this.#at);
    this.#at += 2;
    return value;
  }

  int32(): number {
    this.#need(4);
    const value = this.#bytes.readInt32BE(this.#at);
    this.#at += 4;
    return value;
  }

  uint32(): number {
    return this.int32() >>> 0;
  }

  /** An unsigned 16-bit count of things that take at least `each` bytes: checked before anyone allocates for them. */
  count(each: number): number {
    const count = this.int16() & 0xffff;
    this.#need(count * each);
    return count;
  }

  bytes(length: number): Buffer {
    if (length < 0) throw shortOfData();
    this.#need(length);
    const start = this.#at;
    this.#at += length;
    return this.#bytes.subarray(start, this.#at);
  }

  rest(): Buffer {
    return this.bytes(this.left);
  }

  /** Length-prefixed; -1 is NULL. */
  value(): Buffer | null {
    const length = this.int32();
    return length === -1 ? null : this.bytes(length);
  }

  /** NUL-terminated UTF-8. */
  text(): string {
    const end = this.#bytes.indexOf(0, this.#at);
    if (end === -1) throw new ProtocolError("message-format", "invalid string in message");
    const text = utf8Text(this.#bytes, this.#at, end);
    if (text === null) throw notUtf8(this.#bytes.subarray(this.#at, end));
    this.#at = end + 1;
    return text;
  }

  /** NUL-terminated, from a peer whose encoding is not settled yet: what is no UTF-8 becomes U+FFFD. */
  lenientText(): string {
    const end = this.#bytes.indexOf(0, this.#at);
    if (end === -1) throw new ProtocolError("message-format", "invalid string in message");
    const text = this.#bytes.toString("utf8", this.#at, end);
    this.#at = end + 1;
    return text;
  }

  end(): void {
    if (this.left > 0) throw new ProtocolError("message-format", "invalid message format");
  }

  #need(length: number): void {
    if (length > this.left) throw shortOfData();
  }
}

/** @throws ProtocolError 22021, as PostgreSQL does. */
export function utf8(bytes: Buffer): string {
  const text = utf8Text(bytes, 0, bytes.length);
  if (text === null) throw notUtf8(bytes);
  return text;
}

const notUtf8 = (bytes: Buffer) => new ProtocolError("message-text", invalidUtf8(bytes));
