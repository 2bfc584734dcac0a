/**
 * Set-up file of every test: what a test, or the code under it, writes to the console or to standard output and error
 * fails it. A test that expects output takes the stream over itself (`vi.spyOn(process.stdout, "write")`).
 */
import { format } from "node:util";
import { afterAll, afterEach } from "vitest";

const written: string[] = [];

for (const method of ["debug", "error", "info", "log", "trace", "warn"] as const) {
  console[method] = (...values: unknown[]) =>
    void written.push(`console.${method}: ${format(...values)}`);
}
for (const name of ["stdout", "stderr"] as const) {
  process[name].write = (
    chunk: string | Uint8Array,
    encoding?: BufferEncoding | ((cause?: Error | null) => void),
    callback?: (cause?: Error | null) => void,
  ) => {
    written.push(`${name}: ${typeof chunk === "string" ? chunk : Buffer.from(chunk).toString()}`);
    const done = typeof encoding === "function" ? encoding : callback;
    if (done) process.nextTick(done);
    return true;
  };
}

function failOnOutput(): void {
  const output = written.splice(0);
  if (output.length > 0) throw new Error(`stray output:\n${output.join("\n")}`);
}

afterEach(failOnOutput);
afterAll(failOnOutput);
