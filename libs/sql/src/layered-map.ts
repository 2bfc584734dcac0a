/** A map above another one: its entries hide those below. Neither may change. */
export class LayeredMap<K, V> implements ReadonlyMap<K, V> {
  readonly #below: ReadonlyMap<K, V>;
  readonly #above: ReadonlyMap<K, V>;
  #size: number | undefined;

  constructor(below: ReadonlyMap<K, V>, above: ReadonlyMap<K, V>) {
    this.#below = below;
    this.#above = above;
  }

  get size(): number {
    if (this.#size !== undefined) return this.#size;
    let hidden = 0;
    for (const key of this.#above.keys()) if (this.#below.has(key)) hidden += 1;
    return (this.#size = this.#below.size + this.#above.size - hidden);
  }

  get(key: K): V | undefined {
    return this.#above.get(key) ?? this.#below.get(key);
  }

  has(key: K): boolean {
    return this.#above.has(key) || this.#below.has(key);
  }

  *entries(): MapIterator<[K, V]> {
    for (const entry of this.#below) if (!this.#above.has(entry[0])) yield entry;
    yield* this.#above;
  }

  *keys(): MapIterator<K> {
    for (const [key] of this.entries()) yield key;
  }

  *values(): MapIterator<V> {
    for (const [, value] of this.entries()) yield value;
  }

  forEach(take: (value: V, key: K, map: ReadonlyMap<K, V>) => void): void {
    for (const [key, value] of this.entries()) take(value, key, this);
  }

  [Symbol.iterator](): MapIterator<[K, V]> {
    return this.entries();
  }
}
