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

/** What Node is started with for a service, by `sally up` and in the container image alike. */
export function heapOptions(service: string): string[] {
  const young = service === "proxy" ? workersYoungGeneration : youngGeneration;
  return [`--max-semi-space-size=${young}`, `--heap-growing-percent=${growth}`];
}
