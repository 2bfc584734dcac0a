const slabSize = 1024 ** 2;
const short = 64;

/**
 * Memory for what is gathered piece by piece, a slab of 1 MiB after the other, used again and again. A piece lies in one
 * slab; one that is larger has a slab of its own.
 */
export class Slabs {
  #slabs: Buffer[] = [];
  #used = 0;
  #at = 0;

  /** Forgets all pieces. As many slabs stay as were needed last. */
  reset(): void {
    this.#slabs = this.#slabs.slice(0, this.#used).filter(({ length }) => length === slabSize);
    this.#used = 0;
    this.#at = 0;
  }

  /** Copies the parts, one after the other, into one piece, and adds its slab, offset and length to `places`. */
  put(parts: readonly Uint8Array[], places: number[]): number {
    let length = 0;
    for (const part of parts) length += part.length;
    const slab = this.#room(length);
    places.push(this.#used - 1, this.#at, length);
    let at = this.#at;
    for (const part of parts) {
      if (part.length > short) slab.set(part, at);
      else for (let index = 0; index < part.length; index++) slab[at + index] = part[index] ?? 0;
      at += part.length;
    }
    this.#at = at;
    return length;
  }

  /** The slab of that number, as {@link put} has told. */
  slab(index: number): Buffer {
    const slab = this.#slabs[index];
    if (slab === undefined) throw new Error("there is no such slab");
    return slab;
  }

  #room(length: number): Buffer {
    const open = this.#slabs[this.#used - 1];
    if (open !== undefined && this.#at + length <= open.length) return open;
    const next = this.#slabs[this.#used];
    this.#at = 0;
    this.#used += 1;
    if (next !== undefined && length <= next.length) return next;
    const made = Buffer.allocUnsafeSlow(Math.max(slabSize, length));
    this.#slabs.splice(this.#used - 1, 0, made);
    return made;
  }
}
