import { isDeepStrictEqual } from "node:util";
import type { NameContext } from "@sallyport/sql";
import type { Effects } from "./judged.ts";

/** search_path and role of a session as the target told them, and whether they still hold. */
export class NamesInEffect {
  #known: NameContext | null = null;
  #last: NameContext | null = null;
  /** The catalog with which they were asked. */
  #of: object | null = null;
  #changed = false;

  /** What was told last; whether it holds, `stale` says. */
  get known(): NameContext | null {
    return this.#known;
  }

  /** The open transaction may have changed them: its end may bring others back. */
  get mayReturn(): boolean {
    return this.#changed;
  }

  stale(catalog: object): boolean {
    return this.#known === null || this.#of !== catalog;
  }

  /** The target has told them; equal ones stay the same object, which portals are compared by. */
  told(names: NameContext, catalog: object): void {
    this.#known = isDeepStrictEqual(names, this.#last) ? this.#last : names;
    this.#last = this.#known;
    this.#of = catalog;
  }

  forget(): void {
    this.#known = null;
  }

  /** A command was sent that has such effects. */
  sent({ ddl, names, transaction }: Effects): void {
    // What is made may be a schema of the path, or a temporary object.
    if (names || ddl) {
      this.#known = null;
      this.#changed = true;
    }
    if (transaction && this.#changed) this.#known = null;
  }

  /** What SET said in a transaction may be gone with it. */
  transactionEnded(): void {
    if (this.#changed) this.#known = null;
    this.#changed = false;
  }
}
