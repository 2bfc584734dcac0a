const first = 1000;
const longest = 10 * 60_000;

/** Milliseconds until the next attempt after so many: doubled each time, between half and whole of it. */
export const waitAfter = (attempts: number, random: number): number =>
  Math.round(Math.min(longest, first * 2 ** Math.min(attempts - 1, 20)) * (0.5 + random / 2));
