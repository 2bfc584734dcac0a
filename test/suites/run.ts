import { join } from "node:path";
import { differencesOf, type Difference } from "./differences.ts";
import type { Door, Doors } from "./doors.ts";
import { isListed } from "./listed.ts";
import { isolationSpecs, pipelineTests, runIsolation, runPipeline } from "./programs.ts";
import { runSqlSuite, scheduled } from "./regress.ts";

export const suiteNames = ["libpq_pipeline", "plpgsql", "isolation", "regress"] as const;
export type SuiteName = (typeof suiteNames)[number];

const plpgsql =
  "array cache call control copy domain misc record simple transaction trap trigger varprops";

/** What came of one file. */
export interface Compared {
  /** `suite/file`. */
  readonly file: string;
  readonly differences: readonly (Difference & { readonly listed: boolean })[];
}

export interface SuiteRun {
  /** From `suitesDirectory`. */
  readonly suites: string;
  /** A folder of the run's own. */
  readonly scratch: string;
  readonly tell: (line: string) => void;
}

/** The files of a suite, in their order. */
export async function filesOf(suite: SuiteName, suites: string): Promise<readonly string[]> {
  switch (suite) {
    case "regress":
      return scheduled(join(suites, "regress", "parallel_schedule"));
    case "plpgsql":
      return plpgsql.split(" ").map((name) => `plpgsql_${name}`);
    case "isolation":
      return isolationSpecs(join(suites, "isolation"));
    case "libpq_pipeline":
      return pipelineTests;
  }
}

/** Runs files of a suite through both doors, one after the other, and compares what they said. */
export async function runSuite(
  suite: SuiteName,
  files: readonly string[],
  doors: Doors,
  { suites, scratch, tell }: SuiteRun,
): Promise<Compared[]> {
  const directory = join(suites, suite);
  const place = join(scratch, "place");
  const results = ({ name }: Door): string => join(scratch, name, suite);
  for (const door of [doors.direct, doors.through]) {
    const into = results(door);
    if (suite === "isolation") await runIsolation(directory, door, into, files, tell);
    else if (suite === "libpq_pipeline") await runPipeline(directory, door, into, files, tell);
    else await runSqlSuite({ name: suite, directory, files }, door, place, into, tell);
  }
  const outputs = files.flatMap((file) =>
    suite === "libpq_pipeline" && file !== "pipelined_insert" && file !== "uniqviol"
      ? [`${file}.out`, `${file}.trace`]
      : [`${file}.out`],
  );
  const compared: Compared[] = [];
  for (const output of outputs) {
    const name = output.replace(/\.out$/, "");
    const input =
      suite === "isolation"
        ? join(directory, "specs", `${name}.spec`)
        : suite === "libpq_pipeline"
          ? null
          : join(directory, "sql", `${name}.sql`);
    const [direct, through] = [doors.direct, doors.through].map((door) =>
      join(results(door), output),
    ) as [string, string];
    const file = `${suite}/${name}`;
    const found = await differencesOf(direct, through, input);
    compared.push({
      file,
      differences: found.map((one) => ({ ...one, listed: isListed(file, one.statement) })),
    });
  }
  return compared;
}
