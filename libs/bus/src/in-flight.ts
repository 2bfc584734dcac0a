interface Entry<V> {
  readonly key: string;
  value: V;
  /** In the same bucket. */
  next: Entry<V> | null;
  /** In the order of their coming. */
  before: Entry<V> | null;
  after: Entry<V> | null;
}

const fewest = 64;

/**
 * A map by random ids (`randomId`) of what comes and goes within milliseconds, in the order in which it came. A `Map`
 * would do, if its tables, which are replaced every few changes, were not linked each to the next: one that has become
 * old keeps all that was in the later ones, until the whole heap is collected.
 */
export class InFlight<V> {
  #buckets = bucketsOf<V>(fewest);
  #size = 0;
  #first: Entry<V> | null = null;
  #last: Entry<V> | null = null;

  get size(): number {
    return this.#size;
  }

  get(key: string): V | undefined {
    return this.#find(key)?.value;
  }

  set(key: string, value: V): void {
    const known = this.#find(key);
    if (known !== null) {
      known.value = value;
      return;
    }
    if (this.#size === this.#buckets.length) this.#grow();
    const entry: Entry<V> = { key, value, next: null, before: this.#last, after: null };
    if (this.#last === null) this.#first = entry;
    else this.#last.after = entry;
    this.#last = entry;
    this.#size += 1;
    this.#put(entry);
  }

  /** Whether it was there. */
  delete(key: string): boolean {
    const entry = this.#find(key);
    if (entry === null) return false;
    this.#take(entry);
    const { before, after } = entry;
    if (before === null) this.#first = after;
    else before.after = after;
    if (after === null) this.#last = before;
    else after.before = before;
    // What is gone keeps nothing alive.
    entry.next = null;
    entry.before = null;
    entry.after = null;
    this.#size -= 1;
    return true;
  }

  /** Those that are there now, in their order. */
  values(): V[] {
    const all: V[] = [];
    for (let entry = this.#first; entry !== null; entry = entry.after) all.push(entry.value);
    return all;
  }

  #find(key: string): Entry<V> | null {
    let entry = this.#buckets[this.#at(key)] ?? null;
    while (entry !== null && entry.key !== key) entry = entry.next;
    return entry;
  }

  #put(entry: Entry<V>): void {
    const at = this.#at(entry.key);
    entry.next = this.#buckets[at] ?? null;
    this.#buckets[at] = entry;
  }

  #take(entry: Entry<V>): void {
    const at = this.#at(entry.key);
    let one = this.#buckets[at] ?? null;
    if (one === entry) {
      this.#buckets[at] = entry.next;
      return;
    }
    while (one !== null && one.next !== entry) one = one.next;
    if (one !== null) one.next = entry.next;
  }

  /** By 20 of an id's random bits. */
  #at(key: string): number {
    let mixed = 0;
    for (let i = 0; i < 4; i++) mixed = mixed * 33 + key.charCodeAt(i);
    return mixed & (this.#buckets.length - 1);
  }

  #grow(): void {
    this.#buckets = bucketsOf(this.#buckets.length * 4);
    for (let entry = this.#first; entry !== null; entry = entry.after) this.#put(entry);
  }
}

const bucketsOf = <V>(count: number): (Entry<V> | null)[] =>
  Array.from<Entry<V> | null>({ length: count }).fill(null);
