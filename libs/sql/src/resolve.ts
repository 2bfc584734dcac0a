import { selectCandidate, type Candidate } from "./candidates.ts";
import type { Catalog, Func, Operator } from "./catalog.ts";
import { baseOf, isPolymorphic, resultType } from "./coercion.ts";
import type { Names, QualifiedName } from "./names.ts";
import { unknownType } from "./value.ts";

/**
 * What a call or operator means to the target. `certain` is its choice; when types are not known well
 * enough to choose, `possible` is everything that the name could mean.
 */
export type Resolution<T> =
  | {
      readonly kind: "certain";
      readonly item: T;
      readonly type: number;
      /** What the arguments are coerced to. */
      readonly parameters: readonly number[];
    }
  | { readonly kind: "possible"; readonly items: readonly T[]; readonly type: number };

const sameTypes = (a: readonly number[], b: readonly number[]): boolean =>
  a.length === b.length && a.every((type, at) => type === b[at]);

/** Of candidates with equal parameters the one earlier in the path hides the later. */
function unhidden<T>(candidates: readonly Candidate<T>[]): Candidate<T>[] {
  const kept: Candidate<T>[] = [];
  for (const candidate of candidates) {
    if (!kept.some(({ types }) => sameTypes(types, candidate.types))) kept.push(candidate);
  }
  return kept;
}

const oneType = (types: readonly number[]): number => {
  const [first = 0] = types;
  return types.every((type) => type === first) && !isPolymorphic(first) ? first : 0;
};

/** Resolutions depend on nothing but the names and the types. */
const remembered = new WeakMap<Names, Map<string, Resolution<Operator>>>();

/** oper() and left_oper() (parse_oper.c); `left` is null for a prefix operator. */
export function resolveOperator(
  names: Names,
  name: QualifiedName,
  left: number | null,
  right: number,
): Resolution<Operator> {
  const known = remembered.get(names) ?? new Map<string, Resolution<Operator>>();
  remembered.set(names, known);
  const key = `${left}\0${right}\0${name.schema ?? ""}\0${name.name}`;
  const found = known.get(key) ?? chooseOperator(names, name, left, right);
  known.set(key, found);
  return found;
}

function chooseOperator(
  names: Names,
  name: QualifiedName,
  left: number | null,
  right: number,
): Resolution<Operator> {
  const { catalog } = names;
  const items = names
    .operators(name)
    .filter((operator) => (left === null ? operator.left === 0 : operator.left !== 0));
  const possible = (): Resolution<Operator> => ({
    kind: "possible",
    items,
    type: oneType(items.map((item) => item.result)),
  });
  if (left === 0 || right === 0) return possible();
  const certain = (item: Operator): Resolution<Operator> => {
    const parameters = left === null ? [item.right] : [item.left, item.right];
    const given = left === null ? [right] : [left, right];
    return {
      kind: "certain",
      item,
      type: resultType(catalog, item.result, parameters, given),
      parameters,
    };
  };
  const exact = exactOperator(catalog, items, left, right);
  if (exact) return certain(exact);
  const candidates = unhidden(
    items.map((item) => ({
      item,
      types: left === null ? [item.right] : [item.left, item.right],
    })),
  );
  const chosen = selectCandidate(catalog, candidates, left === null ? [right] : [left, right]);
  return chosen ? certain(chosen.item) : possible();
}

/** binary_oper_exact: an untyped side takes the other's type. */
function exactOperator(
  catalog: Catalog,
  items: readonly Operator[],
  left: number | null,
  right: number,
): Operator | undefined {
  const find = (a: number, b: number): Operator | undefined =>
    items.find((item) => item.left === a && item.right === b);
  if (left === null) return find(0, right);
  if (left === unknownType || right === unknownType) {
    const type = left === unknownType ? right : left;
    if (type === unknownType) return undefined;
    const exact = find(type, type);
    const base = baseOf(catalog, type);
    return exact ?? (base === type ? undefined : find(base, base));
  }
  return find(left, right);
}

/** The parameter types of a function when called with that many arguments, or null. */
function parametersFor(func: Func, count: number): readonly number[] | null {
  const declared = func.arguments;
  if (func.variadic !== 0 && count >= declared.length) {
    const fixed = declared.slice(0, -1);
    return [...fixed, ...Array<number>(count - fixed.length).fill(func.variadic)];
  }
  if (count > declared.length || count < declared.length - func.defaults) return null;
  return declared.slice(0, count);
}

/** func_get_detail (parse_func.c) for positional arguments. */
export function resolveFunction(
  names: Names,
  name: QualifiedName,
  given: readonly number[],
): Resolution<Func> {
  const { catalog } = names;
  const items = names.functions(name);
  const candidates: Candidate<Func>[] = [];
  for (const item of items) {
    const types = parametersFor(item, given.length);
    if (types) candidates.push({ item, types });
  }
  const fitting = candidates.map(({ item }) => item);
  const possible = (): Resolution<Func> => ({
    kind: "possible",
    items: fitting.length > 0 ? fitting : items,
    type: oneType(fitting.map((item) => item.result)),
  });
  if (given.includes(0)) return possible();
  const unique = unhidden(candidates);
  const chosen =
    unique.find(({ types }) => sameTypes(types, given)) ?? selectCandidate(catalog, unique, given);
  if (!chosen) return possible();
  return {
    kind: "certain",
    item: chosen.item,
    type: resultType(catalog, chosen.item.result, chosen.types, given),
    parameters: chosen.types,
  };
}
