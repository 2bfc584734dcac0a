/**
 * What a command allocates dies young: with room for more of it before each collection a busy worker spends an eighth
 * less of its time (docs/performance.md). In MiB; it is taken only under load.
 */
const youngGeneration = 32;
/** A worker has this doubled by what sessions leave behind as they open, and keeps it while they are idle. */
const workersYoungGeneration = 16;
/**
 * With that much room for young objects V8 begins to collect the whole heap as soon as a few MiB of buffers are garbage
 * (six times a second while rows pass), unless it may grow to four times what is alive.
 */
const growth = 300;
/**
 * Bytes of bytecode that V8 may take into an optimised function: one function and all together, instead of 460 and 920.
 * A command's way is many small functions, each called from one place.
 */
const inlined = { each: 1000, together: 3000 };

/** What Node is started with for a service, by `sally up` and in the container image alike. */
export function nodeOptions(service: string): string[] {
  const young = service === "proxy" ? workersYoungGeneration : youngGeneration;
  return [
    `--max-semi-space-size=${young}`,
    `--heap-growing-percent=${growth}`,
    `--max-inlined-bytecode-size=${inlined.each}`,
    `--max-inlined-bytecode-size-cumulative=${inlined.together}`,
  ];
}
