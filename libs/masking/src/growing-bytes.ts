/** Bytes that are written one behind the other: a value may have millions of parts, each of them an object otherwise. */
export class GrowingBytes {
  #bytes: Buffer;
  #length = 0;

  /** @param expected about how many there will be */
  constructor(expected: number) {
    this.#bytes = Buffer.allocUnsafe(expected);
  }

  append(source: Buffer, from = 0, to = source.length): void {
    this.#reserve(to - from);
    source.copy(this.#bytes, this.#length, from, to);
    this.#length += to - from;
  }

  byte(value: number): void {
    this.#reserve(1);
    this.#bytes[this.#length++] = value;
  }

  int32(value: number): void {
    this.#reserve(4);
    this.#length = this.#bytes.writeInt32BE(value, this.#length);
  }

  /** Each character a byte. */
  latin1(text: string): void {
    this.#reserve(text.length);
    this.#length += this.#bytes.write(text, this.#length, "latin1");
  }

  /** Without a copy: nothing may be written afterwards. */
  finish(): Buffer {
    return this.#bytes.subarray(0, this.#length);
  }

  #reserve(more: number): void {
    const length = this.#length + more;
    if (length <= this.#bytes.length) return;
    const grown = Buffer.allocUnsafe(2 * length);
    this.#bytes.copy(grown, 0, 0, this.#length);
    this.#bytes = grown;
  }
}
