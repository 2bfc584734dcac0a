import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { database, type Door } from "./doors.ts";
import { runFile } from "./psql-file.ts";
import { scheduled } from "./regress.ts";

const base = { PATH: process.env["PATH"] ?? "", LC_ALL: "C", PGPASSFILE: "/nonexistent" };

type Tell = (line: string) => void;

/** `src/test/isolation`: each spec interleaves sessions; gives an `.out` for each. */
export async function runIsolation(
  directory: string,
  door: Door,
  results: string,
  specs: readonly string[],
  tell: Tell,
): Promise<void> {
  await mkdir(results, { recursive: true });
  for (const spec of specs) {
    const files = {
      input: join(directory, "specs", `${spec}.spec`),
      output: join(results, `${spec}.out`),
    };
    const env = { ...base, ...(await door.env()), PGAPPNAME: `isolation/${spec}` };
    const began = performance.now();
    await runFile(join(directory, "isolationtester"), [`dbname=${database}`], files, env);
    tell(`isolation/${spec} ${door.name} ${Math.round(performance.now() - began)} ms`);
  }
}

export const isolationSpecs = (directory: string): Promise<string[]> =>
  scheduled(join(directory, "isolation_schedule"));

/** The tests of `src/test/modules/libpq_pipeline`, of which the first nine leave a trace of every message. */
export const pipelineTests = [
  "disallowed_in_pipeline",
  "multi_pipelines",
  "nosync",
  "pipeline_abort",
  "pipeline_idle",
  "prepared",
  "simple_pipeline",
  "singlerow",
  "transaction",
  "pipelined_insert",
  "uniqviol",
] as const;
const traced = 9;

/** Runs the tests; gives an `.out` and a `.trace` for each. */
export async function runPipeline(
  directory: string,
  door: Door,
  results: string,
  tests: readonly string[],
  tell: Tell,
): Promise<void> {
  await mkdir(results, { recursive: true });
  for (const test of tests) {
    const trace =
      pipelineTests.findIndex((one) => one === test) < traced
        ? ["-t", join(results, `${test}.trace`)]
        : [];
    const files = { input: "/dev/null", output: join(results, `${test}.out`) };
    const env = { ...base, ...(await door.env()) };
    const began = performance.now();
    const args = ["-r", "700", ...trace, test, `dbname=${database}`];
    await runFile(join(directory, "libpq_pipeline"), args, files, env);
    tell(`libpq_pipeline/${test} ${door.name} ${Math.round(performance.now() - began)} ms`);
  }
}
