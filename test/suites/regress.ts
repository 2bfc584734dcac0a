import { chmod, cp, mkdir, readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { providedPostgres } from "@sallyport/testkit";
import { database, type Door } from "./doors.ts";
import { runFile } from "./psql-file.ts";

/** A suite of SQL files for psql: PostgreSQL's own `regress`, or that of PL/pgSQL. */
export interface SqlSuite {
  readonly name: string;
  readonly directory: string;
  readonly files: readonly string[];
}

/** The files of a pg_regress schedule in an order that fits, one after the other. */
export async function scheduled(schedule: string): Promise<string[]> {
  const text = await readFile(schedule, "utf8");
  return text.split("\n").flatMap((line) => /^test: (.+)$/.exec(line)?.[1]?.split(" ") ?? []);
}

/**
 * Runs the files in order through one door, as pg_regress would; gives the folder with an `.out` for each. `place` is
 * where the suite's paths point to: the same for each door, or their outputs would differ.
 */
export async function runSqlSuite(
  suite: SqlSuite,
  door: Door,
  place: string,
  results: string,
  tell: (line: string) => void,
): Promise<void> {
  await prepare(suite, place);
  await mkdir(results, { recursive: true });
  for (const file of suite.files) {
    const began = performance.now();
    const files = {
      input: join(suite.directory, "sql", `${file}.sql`),
      output: join(results, `${file}.out`),
    };
    const env = { ...(await door.env()), ...environment(place, `pg_regress/${file}`) };
    const args = ["-X", "-a", "-q", "-d", database];
    args.push("-v", "HIDE_TABLEAM=on", "-v", "HIDE_TOAST_COMPRESSION=on");
    await runFile("psql", args, files, env);
    tell(`${suite.name}/${file} ${door.name} ${Math.round(performance.now() - began)} ms`);
  }
}

async function prepare(suite: SqlSuite, place: string): Promise<void> {
  await rm(place, { recursive: true, force: true });
  await mkdir(join(place, "lib"), { recursive: true });
  for (const folder of ["results", "testtablespace"]) {
    await mkdir(join(place, folder));
    await chmod(join(place, folder), 0o777); // the server writes there
  }
  for (const folder of ["data", "sql"]) {
    await cp(join(suite.directory, folder), join(place, folder), { recursive: true }).catch(
      (cause: NodeJS.ErrnoException) => {
        if (cause.code !== "ENOENT") throw cause;
      },
    );
  }
  const library = join(suite.directory, "regress.so");
  await cp(library, join(place, "lib", "regress.so")).catch((cause: NodeJS.ErrnoException) => {
    if (cause.code !== "ENOENT") throw cause;
  });
  const { directory } = providedPostgres(15);
  for (const name of ["autoinc.so", "refint.so"]) {
    await cp(join(directory, "lib", "postgresql", name), join(place, "lib", name));
  }
}

/** What pg_regress sets; nothing of ours. */
function environment(place: string, application: string): Record<string, string> {
  return {
    PATH: process.env["PATH"] ?? "",
    LC_ALL: "C",
    PGPASSFILE: "/nonexistent",
    PGAPPNAME: application,
    PGTZ: "PST8PDT",
    PGDATESTYLE: "Postgres, MDY",
    PGOPTIONS: "-c intervalstyle=postgres_verbose",
    PG_ABS_SRCDIR: place,
    PG_ABS_BUILDDIR: place,
    PG_LIBDIR: join(place, "lib"),
    PG_DLSUFFIX: ".so",
  };
}
