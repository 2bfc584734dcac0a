import type { Catalog } from "./catalog.ts";
import { baseOf, coercible } from "./coercion.ts";
import { unknownType } from "./value.ts";

/** What a call could mean: parameter types, variadic ones already expanded to the number given. */
export interface Candidate<T> {
  readonly item: T;
  readonly types: readonly number[];
}

const categoryOf = (catalog: Catalog, type: number): string =>
  catalog.types.get(type)?.category ?? "U";

const preferred = (catalog: Catalog, category: string, type: number): boolean => {
  const found = catalog.types.get(type);
  return found !== undefined && found.preferred && found.category === category;
};

function best<T>(candidates: readonly T[], score: (candidate: T) => number): T[] {
  const scores = candidates.map(score);
  const highest = Math.max(...scores);
  return candidates.filter((_, at) => scores[at] === highest);
}

/** Step 5 of func_select_candidate: what the untyped arguments could be. */
function byUnknownCategory<T>(
  catalog: Catalog,
  candidates: readonly Candidate<T>[],
  unknown: readonly number[],
): readonly Candidate<T>[] {
  const slots = new Map<number, { category: string; preferred: boolean }>();
  for (const at of unknown) {
    let slot: { category: string; preferred: boolean } | undefined;
    let conflict = false;
    for (const { types } of candidates) {
      const type = catalog.types.get(types[at] ?? 0);
      const category = type?.category ?? "U";
      const isPreferred = type?.preferred ?? false;
      if (!slot) slot = { category, preferred: isPreferred };
      else if (category === slot.category) slot.preferred ||= isPreferred;
      else if (category === "S") slot = { category, preferred: isPreferred };
      else conflict = true;
    }
    if (!slot || (conflict && slot.category !== "S")) return candidates;
    slots.set(at, slot);
  }
  const kept = candidates.filter(({ types }) =>
    unknown.every((at) => {
      const slot = slots.get(at);
      const type = catalog.types.get(types[at] ?? 0);
      return slot?.category === type?.category && (!slot?.preferred || type?.preferred === true);
    }),
  );
  return kept.length > 0 ? kept : candidates;
}

/** func_match_argtypes and func_select_candidate (parse_func.c); null when none or no single one fits. */
export function selectCandidate<T>(
  catalog: Catalog,
  all: readonly Candidate<T>[],
  given: readonly number[],
): Candidate<T> | null {
  let candidates: readonly Candidate<T>[] = all.filter(({ types }) =>
    types.every((type, at) => coercible(catalog, given[at] ?? unknownType, type)),
  );
  if (candidates.length <= 1) return candidates[0] ?? null;
  const bases = given.map((type) => (type === unknownType ? type : baseOf(catalog, type)));
  const unknown = bases.flatMap((type, at) => (type === unknownType ? [at] : []));
  candidates = best(
    candidates,
    ({ types }) => bases.filter((type, at) => type !== unknownType && types[at] === type).length,
  );
  if (candidates.length === 1) return candidates[0] ?? null;
  const categories = bases.map((type) => categoryOf(catalog, type));
  candidates = best(
    candidates,
    ({ types }) =>
      bases.filter(
        (type, at) =>
          type !== unknownType &&
          (types[at] === type || preferred(catalog, categories[at] ?? "U", types[at] ?? 0)),
      ).length,
  );
  if (candidates.length === 1) return candidates[0] ?? null;
  if (unknown.length === 0) return null;
  candidates = byUnknownCategory(catalog, candidates, unknown);
  if (candidates.length === 1) return candidates[0] ?? null;
  const knownTypes = new Set(bases.filter((type) => type !== unknownType));
  const [single] = knownTypes;
  if (single === undefined || knownTypes.size > 1) return null;
  const fitting = candidates.filter(({ types }) =>
    types.every((type) => coercible(catalog, single, type)),
  );
  return fitting.length === 1 ? (fitting[0] ?? null) : null;
}
