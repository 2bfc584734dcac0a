/** Of one generation: how many parts, how many characters of them, and how long a part may be. */
const limits = { parts: 10_000, characters: 8 * 1024 * 1024, longest: 32 * 1024 };

interface Part<T> {
  readonly text: string;
  readonly value: T;
}

/**
 * What parts of lines say, by their exact text: read once, frozen, and shared by all who ask again. Bounded: two
 * generations, of which the older is forgotten when the younger is full.
 */
export class RememberedParts<T extends object> {
  readonly #read: (text: string) => T | null;
  #young = new Map<string, Part<T>>();
  #old = new Map<string, Part<T>>();
  #characters = 0;
  /** The one that was asked for last, found without a look at the maps, which takes a hash of all of its text. */
  #last: Part<T> | null = null;

  /** `read` gives null for what is no such part; that is not remembered. */
  constructor(read: (text: string) => T | null) {
    this.#read = read;
  }

  get(text: string): T | null {
    if (this.#last?.text === text) return this.#last.value;
    const known = this.#young.get(text);
    if (known !== undefined) {
      this.#last = known;
      return known.value;
    }
    const value = this.#old.get(text)?.value ?? this.#readFrozen(text);
    if (value !== null && text.length <= limits.longest) this.#remember(text, value);
    return value;
  }

  /** How many parts it holds. */
  get size(): number {
    return this.#young.size + this.#old.size;
  }

  #readFrozen(text: string): T | null {
    const value = this.#read(text);
    return value && freeze(value);
  }

  #remember(text: string, value: T): void {
    if (this.#young.size >= limits.parts || this.#characters + text.length > limits.characters) {
      this.#old = this.#young;
      this.#young = new Map();
      this.#characters = 0;
    }
    this.#characters += text.length;
    // A copy: a slice would keep all of its line alive.
    const own = Buffer.from(text).toString();
    this.#young.set(own, { text: own, value });
  }
}

/** Freezes a value of JSON throughout. */
function freeze<T extends object>(value: T): T {
  for (const inner of Object.values(value))
    if (typeof inner === "object" && inner !== null) freeze(inner as object);
  return Object.freeze(value);
}
