/**
 * Room for young objects, in MiB; it is taken only under load. What a command allocates dies with it, some 18 kB: so
 * little room stays in the processor's caches, and a collection finds next to nothing alive (docs/performance.md).
 */
const youngGeneration = 2;
/** What comes lives until its segment is written, and would be copied the more often. */
const recordersYoungGeneration = 32;
/**
 * V8 begins to collect the whole heap as soon as a few MiB of buffers are garbage (while rows pass, many times a second),
 * unless it may grow to four times what is alive.
 */
const growth = 300;

/** What Node is started with for a service, by `sally up` and in the container image alike. */
export function heapOptions(service: string): string[] {
  const young = service === "recorder" ? recordersYoungGeneration : youngGeneration;
  return [`--max-semi-space-size=${young}`, `--heap-growing-percent=${growth}`];
}
