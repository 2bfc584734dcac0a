/** `SALLY_FUZZ_SEED` makes a run again, `SALLY_FUZZ_MINUTES` bounds the long ones. */
const { SALLY_FUZZ_SEED, SALLY_FUZZ_MINUTES = "10" } = process.env;

export const longTime = Number(SALLY_FUZZ_MINUTES) * 60_000;

/** The same in each `npm test`, so that what passes once passes again. */
export const fixedSeed = Number(SALLY_FUZZ_SEED ?? 20_261_123);

/** Another one in each long run. */
export const freshSeed = Number(SALLY_FUZZ_SEED ?? Date.now() % 1_000_000);
