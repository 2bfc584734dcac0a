/** What is masked at once has more parts than it may have. */
export class TooManyParts extends Error {
  constructor() {
    super("too many parts to be masked at once");
  }
}

let left = Infinity;

/**
 * Runs what masks values, which may take so many parts (elements, places in documents, what detectors find) apart: each
 * takes some microseconds, in which nobody else is served.
 * @throws TooManyParts
 */
export function withParts<T>(most: number, mask: () => T): T {
  const before = left;
  left = most;
  try {
    return mask();
  } finally {
    left = before;
  }
}

export function spendParts(count: number): void {
  left -= count;
  if (left < 0) throw new TooManyParts();
}
