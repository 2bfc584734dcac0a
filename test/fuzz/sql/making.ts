import type { Seeded } from "../../chaos/seeded.ts";
import type { Made } from "./objects.ts";

/** The choices of one statement, and how much larger it may become. */
export class Making {
  readonly seeded: Seeded;
  /** Views and functions that were made for it. */
  readonly objects: readonly Made[];
  #left: number;
  #names = 0;

  /** @param size about how many productions the statement is made of */
  constructor(seeded: Seeded, size: number, objects: readonly Made[] = []) {
    this.seeded = seeded;
    this.objects = objects;
    this.#left = size;
  }

  of<T>(all: readonly T[]): T {
    return this.seeded.of(all);
  }

  /** @param probability from 0 to 1 */
  chance(probability: number): boolean {
    return this.seeded.next() < probability;
  }

  upTo(most: number): number {
    return Math.floor(this.seeded.next() * (most + 1));
  }

  /** Whether one more production fits; takes its place. */
  more(): boolean {
    this.#left -= 1;
    return this.#left > 0;
  }

  /** A name that the statement does not have yet. */
  fresh(): string {
    this.#names += 1;
    return `n${this.#names}`;
  }

  /** A name that hides others: of tables, columns, functions. */
  shadow(taken: ReadonlySet<string>): string {
    const free = ["a", "b", "c", "p", "people", "sales", "email", "id", "notes", "mail_of"].filter(
      (name) => !taken.has(name),
    );
    return free.length > 0 ? this.of(free) : this.fresh();
  }
}
