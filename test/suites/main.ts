import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openDoors } from "./doors.ts";
import { suitesDirectory, suitesVersion } from "./place.ts";
import { filesOf, runSuite, suiteNames, type Compared, type SuiteName } from "./run.ts";

/**
 * `npm run test:suites [-- SUITE | SUITE/FILE ...] [--verbose]`: PostgreSQL's own suites, directly and through the gateway.
 * Prints every difference; ends with 0 only when all of them are listed.
 */
const args = process.argv.slice(2);
const verbose = args.includes("--verbose");
const named = args.filter((arg) => !arg.startsWith("--"));
const wanted = suiteNames.filter(
  (name) => named.length === 0 || named.some((arg) => arg.split("/")[0] === name),
);
/** Those of its files that were named, and what `regress` stands on; all, where the suite was. */
const chosen = (suite: SuiteName, files: readonly string[]): readonly string[] =>
  named.length === 0 || named.includes(suite)
    ? files
    : files.filter((file) => file === "test_setup" || named.includes(`${suite}/${file}`));
const say = (line: string): void => void process.stdout.write(`${line}\n`);

const suites = suitesDirectory("all");
say(`the suites of PostgreSQL ${suitesVersion(suites)}`);
const all: Compared[] = [];
for (const suite of wanted) {
  const scratch = await mkdtemp(join(tmpdir(), "sallyport-suites-"));
  await using doors = await openDoors(15);
  const files = chosen(suite, await filesOf(suite, suites));
  const run = { suites, scratch, tell: verbose ? say : () => undefined };
  const compared = await runSuite(suite, files, doors, run);
  for (const { file, differences } of compared) {
    for (const { statement, direct, through, listed } of differences) {
      say(`${listed ? "listed" : "DIFFERS"} ${file}: ${statement}`);
      for (const line of direct.slice(0, 10)) say(`    - ${line}`);
      for (const line of through.slice(0, 10)) say(`    + ${line}`);
    }
  }
  const same = compared.filter(({ differences }) => differences.length === 0);
  say(`${suite}: ${compared.length} outputs, ${same.length} identical`);
  all.push(...compared);
  await rm(scratch, { recursive: true, force: true });
}
const differences = all.flatMap((one) => one.differences);
const open = differences.filter(({ listed }) => !listed);
say(`${differences.length - open.length} listed differences, ${open.length} that are not listed`);
process.exitCode = open.length === 0 ? 0 : 1;
