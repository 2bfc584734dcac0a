import { createHash, hash, type Hash } from "node:crypto";

/** As long a piece is held until it is known whether it is the only one. */
const short = 8 * 1024;

/** The SHA-256 of bytes that come in pieces; one short piece, as of most commands, takes a third of the time. */
export class OutputHash {
  #only: Buffer | null = null;
  #hash: Hash | null = null;

  /** `stays`: nobody writes to these bytes any more. */
  add(bytes: Buffer, stays: boolean): void {
    if (this.#hash === null && this.#only === null && stays && bytes.length <= short) {
      this.#only = bytes;
      return;
    }
    this.#hash ??= createHash("sha256");
    if (this.#only !== null) this.#hash.update(this.#only);
    this.#only = null;
    this.#hash.update(bytes);
  }

  /** 64 hexadecimal digits. Once. */
  digest(): string {
    if (this.#only !== null) return hash("sha256", this.#only);
    return (this.#hash ?? createHash("sha256")).digest("hex");
  }
}
