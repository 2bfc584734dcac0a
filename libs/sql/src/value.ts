/** PostgreSQL's type `unknown`: a literal or parameter whose context decides. */
export const unknownType = 705;

/** Where a value comes from when it is a column as it is stored. */
export interface Origin {
  readonly tableOid: number;
  readonly attnum: number;
}

/** What a literal says; read only where it decides something, so that texts which differ in nothing else share a reading. */
export type Literal =
  | { readonly kind: "text"; readonly says: string }
  | { readonly kind: "integer"; readonly says: number };

/** What the analyser knows of an expression's value. */
export interface Value {
  /** Type oid; 0 when it could not be inferred. */
  readonly type: number;
  /** Ids of the classified columns that feed it or decide it, sorted. */
  readonly columns: readonly string[];
  /** The value is a column's own, untouched. */
  readonly bare: boolean;
  /** What RowDescription will say of it; null when it will name no table. */
  readonly origin: Origin | null;
  /** A literal or a parameter. */
  readonly constant: boolean;
  /** The literal that it is, or null for NULL; absent when it is none, or another one. */
  readonly literal?: Literal | null;
  /** The steps that took it out of a json column; absent when it is not known to lie in one. */
  readonly within?: readonly string[];
}

const none: readonly string[] = [];

export const plain = (type: number): Value => ({
  type,
  columns: none,
  bare: false,
  origin: null,
  constant: false,
});

export const constant = (type: number): Value => ({ ...plain(type), constant: true });

export const union = (...sets: readonly (readonly string[])[]): readonly string[] => merge(sets);

function merge(sets: Iterable<readonly string[]>): readonly string[] {
  let first = none;
  let mixed: Set<string> | undefined;
  for (const set of sets) {
    if (set.length === 0 || set === first) continue;
    if (first === none) first = set;
    else {
      mixed ??= new Set(first);
      for (const id of set) mixed.add(id);
    }
  }
  return mixed ? [...mixed].toSorted() : first;
}

/** A value computed from others. */
export const computed = (type: number, values: readonly Value[]): Value => ({
  type,
  columns: merge(values.map((value) => value.columns)),
  bare: false,
  origin: null,
  constant: false,
});
