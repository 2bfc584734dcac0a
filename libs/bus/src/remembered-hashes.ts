/** Of six letters each, and the two that are left. */
const wordsOfId = 5;
const bytesOfHash = 32;
/** Places for each entry that there is room for: half of them stay empty, so that few meet. */
const places = 2;
/** The id that is looked for. */
const sought = new Int32Array(wordsOfId);

/**
 * Of each command one verdict's hash, in memory that the collector does not look into: what lives for a minute, by the
 * thousand, would else be copied twice and then lie about until the whole heap is collected.
 */
export class RememberedHashes {
  readonly most: number;
  readonly #mask: number;
  readonly #ids: Int32Array;
  readonly #hashes: Buffer;
  readonly #taken: Uint8Array;
  #size = 0;

  /** @param most how many there is room for */
  constructor(most: number) {
    const length = 2 ** Math.ceil(Math.log2(most * places));
    this.most = most;
    this.#mask = length - 1;
    this.#ids = new Int32Array(length * wordsOfId);
    this.#hashes = Buffer.alloc(length * bytesOfHash);
    this.#taken = new Uint8Array(length);
  }

  get isFull(): boolean {
    return this.#size >= this.most;
  }

  /** @param hash 64 hexadecimal digits */
  set(id: string, hash: string): void {
    const at = this.#find(id);
    if (this.#taken[at] === 0) {
      this.#taken[at] = 1;
      this.#ids.set(sought, at * wordsOfId);
      this.#size += 1;
    }
    this.#hashes.write(hash, at * bytesOfHash, "hex");
  }

  get(id: string): string | undefined {
    const at = this.#find(id);
    if (this.#taken[at] === 0) return undefined;
    return this.#hashes.toString("hex", at * bytesOfHash, (at + 1) * bytesOfHash);
  }

  clear(): void {
    this.#taken.fill(0);
    this.#size = 0;
  }

  /** Where it is, or would be. `sought` is this id then. */
  #find(id: string): number {
    readId(id);
    let at = (sought[0] ?? 0) & this.#mask;
    while (this.#taken[at] === 1 && !this.#isAt(at)) at = (at + 1) & this.#mask;
    return at;
  }

  #isAt(at: number): boolean {
    const from = at * wordsOfId;
    for (let i = 0; i < wordsOfId; i++) if (this.#ids[from + i] !== sought[i]) return false;
    return true;
  }
}

/** An id of 26 letters (`randomId`), five bits each, into `sought`. */
function readId(id: string): void {
  let bits = 0;
  for (let i = 0; i < id.length; i++) {
    const code = id.charCodeAt(i);
    bits = (bits << 5) | (code >= letterA ? code - letterA : code - digit2 + 26);
    if (i % 6 === 5) {
      sought[(i / 6) | 0] = bits;
      bits = 0;
    }
  }
  sought[wordsOfId - 1] = bits;
}

const letterA = 97;
const digit2 = 50;
