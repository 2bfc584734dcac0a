import type { Relation } from "./catalog.ts";
import { Opaque, Unresolved } from "./outcome.ts";
import { computed, plain, type Value } from "./value.ts";

export interface ScopeColumn {
  readonly name: string;
  readonly value: Value;
}

/** Something that FROM (or a write's target) makes visible. */
export interface RangeEntry {
  /** Its alias, or the relation's name; "" for an unnamed join. */
  readonly name: string;
  /** Set when it can also be written as schema.name. */
  readonly schema: string | null;
  readonly columns: readonly ScopeColumn[];
  /** System columns and row type come from here. */
  readonly relation: Relation | null;
  /** Called when a column of it is used. */
  readonly used?: () => void;
}

/** What a FROM item makes visible: by name, and to unqualified columns and `*`. */
export interface Visible {
  readonly named: readonly RangeEntry[];
  readonly columns: readonly RangeEntry[];
}

/** The names bound by WITH. */
export type CommonTables = Pick<ReadonlyMap<string, readonly ScopeColumn[]>, "get">;

const systemColumns: Readonly<Record<string, readonly [attnum: number, type: number]>> = {
  ctid: [-1, 27],
  xmin: [-2, 28],
  cmin: [-3, 29],
  xmax: [-4, 28],
  cmax: [-5, 29],
  tableoid: [-6, 26],
};

export interface Found {
  readonly value: Value;
  /** 0: of this query; more: of an outer one. */
  readonly level: number;
}

/** A level and those around it, nearest first. */
function levels(scope: Scope): Scope[] {
  const all: Scope[] = [];
  for (let next: Scope | null = scope; next; next = next.outer) all.push(next);
  return all;
}

/** The names that expressions of one query level see; `outer` is the enclosing level. */
export class Scope {
  readonly outer: Scope | null;
  readonly commonTables: CommonTables;
  /** Named windows of this query: the classified columns that decide them. */
  readonly windows = new Map<string, readonly string[]>();
  /** The setting of pg_settings that the WHERE of this query lets through, and no other. */
  setting: string | null = null;
  readonly #visible: { readonly named: RangeEntry[]; readonly columns: RangeEntry[] } = {
    named: [],
    columns: [],
  };

  constructor(outer: Scope | null, commonTables: CommonTables) {
    this.outer = outer;
    this.commonTables = commonTables;
  }

  get visible(): Visible {
    return this.#visible;
  }

  add(visible: Visible): void {
    for (const entry of visible.named) this.#visible.named.push(entry);
    for (const entry of visible.columns) this.#visible.columns.push(entry);
  }

  column(name: string, location: number): Found | null {
    for (const [level, scope] of levels(this).entries()) {
      const matches = scope.#matches(name);
      if (matches.length > 1) {
        throw new Unresolved("42702", `column reference "${name}" is ambiguous`, location);
      }
      const [match] = matches;
      if (match) {
        match.entry.used?.();
        return { value: match.value, level };
      }
    }
    return null;
  }

  #matches(name: string): { readonly entry: RangeEntry; readonly value: Value }[] {
    const found: { entry: RangeEntry; value: Value }[] = [];
    for (const entry of this.#visible.columns) {
      const matches = entry.columns.filter((column) => column.name === name);
      for (const { value } of matches) found.push({ entry, value });
      if (matches.length === 0) {
        const value = systemColumn(entry, name);
        if (value) found.push({ entry, value });
      }
    }
    return found;
  }

  /** A table under whatever name it has here, in the nearest level that has it. */
  entryOf({ oid }: Relation): RangeEntry | undefined {
    return levels(this)
      .flatMap((scope) => scope.#visible.named)
      .find(({ relation }) => relation?.oid === oid);
  }

  /** The entry of that name in the nearest level that has one. */
  entry(
    schema: string | null,
    name: string,
    location: number,
  ): { entry: RangeEntry; level: number } | null {
    for (const [level, scope] of levels(this).entries()) {
      const matches = scope.#visible.named.filter(
        (entry) => entry.name === name && (schema === null || entry.schema === schema),
      );
      if (matches.length > 1) {
        throw new Unresolved("42P09", `table reference "${name}" is ambiguous`, location);
      }
      const [entry] = matches;
      if (entry) return { entry, level };
    }
    return null;
  }
}

function systemColumn(entry: RangeEntry, name: string): Value | null {
  const system = Object.hasOwn(systemColumns, name) ? systemColumns[name] : undefined;
  if (!system || !entry.relation || entry.relation.kind === "v") return null;
  const [attnum, type] = system;
  return { ...plain(type), origin: { tableOid: entry.relation.oid, attnum } };
}

export function columnOf(entry: RangeEntry, name: string, location: number): Value | null {
  const matches = entry.columns.filter((column) => column.name === name);
  if (matches.length > 1) {
    throw new Unresolved("42702", `column reference "${name}" is ambiguous`, location);
  }
  const value = matches[0]?.value ?? systemColumn(entry, name);
  if (value) entry.used?.();
  return value;
}

/** A whole row: it carries every column. */
export function wholeRow(entry: RangeEntry): Value {
  entry.used?.();
  if (entry.columns.length === 0 && !entry.relation) throw new Opaque("a whole row of a join");
  return computed(
    entry.relation?.rowType ?? 0,
    entry.columns.map(({ value }) => value),
  );
}
