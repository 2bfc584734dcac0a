import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { suitesArguments } from "./arguments.ts";
import { openDoors } from "./doors.ts";
import { suitesDirectory, suitesVersion } from "./place.ts";
import { filesOf, runSuite, suiteNames, type Compared } from "./run.ts";

/** `npm run test:suites`: PostgreSQL's own suites, directly and through the gateway (`--help` tells more). */
const { verbose, wanted } = suitesArguments();
const say = (line: string): void => void process.stdout.write(`${line}\n`);

const suites = suitesDirectory("all");
say(`the suites of PostgreSQL ${suitesVersion(suites)}`);
const chosen = await Promise.all(
  suiteNames.map(async (suite) => {
    const files = await filesOf(suite, suites);
    const named = wanted.get(suite) ?? [];
    if (named === "all") return { suite, files };
    for (const file of named)
      if (!files.includes(file)) throw new Error(`no file \`${file}\` in the suite \`${suite}\``);
    // `regress` stands on what its first file makes.
    const first = named.length > 0 ? "test_setup" : undefined;
    return { suite, files: files.filter((file) => file === first || named.includes(file)) };
  }),
).catch((cause: unknown) => {
  process.stderr.write(`${cause instanceof Error ? cause.message : String(cause)}\n`);
  process.exit(2);
});
const all: Compared[] = [];
for (const { suite, files } of chosen.filter((one) => one.files.length > 0)) {
  const scratch = await mkdtemp(join(tmpdir(), "sallyport-suites-"));
  await using doors = await openDoors(15);
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
