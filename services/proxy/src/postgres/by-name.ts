/**
 * What names of the protocol stand for. The unnamed one, which comes and goes with each command, has a place of its
 * own: a `Map` that is emptied and filled again goes through many tables, of which the engine links each to the next,
 * so that one old one keeps all that was in the later ones until the whole heap is collected.
 */
export class ByName<T> {
  readonly #named = new Map<string, T>();
  #unnamed: T | undefined;

  /** Without the unnamed one. */
  get named(): ReadonlyMap<string, T> {
    return this.#named;
  }

  get(name: string): T | undefined {
    return name === "" ? this.#unnamed : this.#named.get(name);
  }

  set(name: string, one: T): void {
    if (name === "") this.#unnamed = one;
    else this.#named.set(name, one);
  }

  delete(name: string): void {
    if (name === "") this.#unnamed = undefined;
    else this.#named.delete(name);
  }

  /** Of those that pass. */
  deleteAll(test: (one: T) => boolean): void {
    if (this.#unnamed !== undefined && test(this.#unnamed)) this.#unnamed = undefined;
    if (this.#named.size === 0) return;
    for (const [name, one] of this.#named) if (test(one)) this.#named.delete(name);
  }
}
