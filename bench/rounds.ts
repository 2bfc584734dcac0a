/** The middle of an odd number of values, the upper middle of an even one. */
export function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[values.length >> 1] ?? Number.NaN;
}

/**
 * Measures every subject once a round, in alternation, so that whatever else the machine does meets all of them. Gives
 * each subject's values by round.
 */
export async function interleaved<S, V>(
  subjects: readonly S[],
  rounds: number,
  measure: (subject: S) => Promise<V>,
): Promise<Map<S, V[]>> {
  const values = new Map<S, V[]>(subjects.map((subject) => [subject, []]));
  for (let round = 0; round < rounds; round++) {
    for (const subject of subjects) values.get(subject)?.push(await measure(subject));
  }
  return values;
}

/** Median over rounds of `values / base`, round by round. */
export function medianRatio(values: readonly number[], base: readonly number[]): number {
  return median(values.map((value, round) => value / (base[round] ?? Number.NaN)));
}
