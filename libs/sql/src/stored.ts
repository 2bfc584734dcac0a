import type { Relation } from "./catalog.ts";
import type { RangeEntry } from "./scope.ts";
import { union, type Value } from "./value.ts";
import { applies } from "./rules.ts";

/** Which classified columns feed what a statement stores, by the attnum of the column written. */
export class Stored {
  readonly #columns = new Map<number, readonly string[]>();

  add(attnum: number, columns: readonly string[]): void {
    this.#columns.set(attnum, union(this.of(attnum), columns));
  }

  of(attnum: number): readonly string[] {
    return this.#columns.get(attnum) ?? [];
  }

  /** All of them: a generated column can be computed from any. */
  all(): readonly string[] {
    return union(...this.#columns.values());
  }
}

/** The written table as RETURNING sees it: what was just stored is in its columns. */
export function withStored(entry: RangeEntry, relation: Relation, stored: Stored): RangeEntry {
  if (stored.all().length === 0 || !applies("returned")) return entry;
  return {
    ...entry,
    columns: entry.columns.map((column, at) => {
      const written = relation.columns[at];
      if (!written) return column;
      // A view's column may be computed from any column of its table.
      const own = written.generated === "" && relation.kind !== "v";
      const fed = own ? stored.of(written.attnum) : stored.all();
      return fed.length === 0 ? column : { ...column, value: fedBy(column.value, fed) };
    }),
  };
}

const fedBy = (value: Value, fed: readonly string[]): Value => ({
  ...value,
  columns: union(value.columns, fed),
  bare: false,
});
