/** Grows one message; length and terminators are right by construction. */
export class MessageWriter {
  #bytes: Buffer;
  #at: number;
  readonly #lengthAt: number;

  /** @param type its type byte; `undefined` for a startup packet, which has none */
  constructor(type: number | undefined, capacity = 256) {
    this.#bytes = Buffer.allocUnsafe(Math.max(capacity, 16));
    this.#lengthAt = type === undefined ? 0 : 1;
    if (type !== undefined) this.#bytes[0] = type;
    this.#at = this.#lengthAt + 4;
  }

  byte(value: number): this {
    this.#room(1);
    this.#at = this.#bytes.writeUInt8(value, this.#at);
    return this;
  }

  int16(value: number): this {
    this.#room(2);
    this.#at = this.#bytes.writeInt16BE((value << 16) >> 16, this.#at);
    return this;
  }

  int32(value: number): this {
    this.#room(4);
    this.#at = this.#bytes.writeInt32BE(value | 0, this.#at);
    return this;
  }

  /** @throws RangeError if the text holds a NUL, which would end it early and smuggle in what follows */
  text(value: string): this {
    if (value.includes("\0")) throw new RangeError("a protocol text cannot hold a NUL");
    const length = Buffer.byteLength(value);
    this.#room(length + 1);
    this.#bytes.write(value, this.#at);
    this.#at += length;
    this.#bytes[this.#at++] = 0;
    return this;
  }

  bytes(value: Uint8Array): this {
    this.#room(value.length);
    this.#bytes.set(value, this.#at);
    this.#at += value.length;
    return this;
  }

  /** Length-prefixed; NULL is -1. */
  value(value: Uint8Array | null): this {
    return value === null ? this.int32(-1) : this.int32(value.length).bytes(value);
  }

  finish(): Buffer {
    this.#bytes.writeInt32BE(this.#at - this.#lengthAt, this.#lengthAt);
    return this.#bytes.subarray(0, this.#at);
  }

  #room(length: number): void {
    const needed = this.#at + length;
    if (needed <= this.#bytes.length) return;
    const grown = Buffer.allocUnsafe(Math.max(needed, 2 * this.#bytes.length));
    this.#bytes.copy(grown, 0, 0, this.#at);
    this.#bytes = grown;
  }
}
