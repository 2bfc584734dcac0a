/**
 * What was seen lately, by key, in two generations: when the young one is full it becomes the old one, and the old one
 * is forgotten. So at least `limit` and at most twice as many are remembered, and forgetting costs nothing a key. (A map
 * from which the oldest key is taken each time walks over all that were taken before it.)
 */
export class Recent<K, V> {
  readonly #limit: number;
  #young = new Map<K, V>();
  #old = new Map<K, V>();

  constructor(limit: number) {
    this.#limit = limit;
  }

  /** What is looked up stays for another generation. */
  get(key: K): V | undefined {
    const young = this.#young.get(key);
    if (young !== undefined) return young;
    const old = this.#old.get(key);
    if (old !== undefined) this.set(key, old);
    return old;
  }

  set(key: K, value: V): void {
    if (this.#young.size >= this.#limit && !this.#young.has(key)) {
      this.#old = this.#young;
      this.#young = new Map();
    }
    this.#young.set(key, value);
  }
}
