import { parseArgs } from "node:util";
import { programArguments } from "../../infra/program-arguments.ts";
import { suiteNames, type SuiteName } from "./run.ts";

const usage = `usage: npm run test:suites [-- SUITE | SUITE/FILE ...] [--verbose]
  PostgreSQL's own suites, directly and through the gateway: prints every difference, and ends with 0 only when all
  of them are listed. Suites: ${suiteNames.join(", ")}. All take most of an hour.
  --verbose  says how long each file took`;

export interface SuitesArguments {
  readonly verbose: boolean;
  /** Each suite that is wanted; of one of which files were named, only those. */
  readonly wanted: ReadonlyMap<SuiteName, readonly string[] | "all">;
}

export function readSuitesArguments(argv: readonly string[]): SuitesArguments {
  const { values, positionals } = parseArgs({
    args: [...argv],
    options: { verbose: { type: "boolean", default: false } },
    allowPositionals: true,
  });
  const wanted = new Map<SuiteName, readonly string[] | "all">();
  for (const word of positionals.length === 0 ? suiteNames : positionals) {
    const [name = "", file] = word.split("/");
    const suite = suiteNames.find((known) => known === name);
    if (suite === undefined) throw new Error(`no suite \`${name}\``);
    const before = wanted.get(suite) ?? [];
    wanted.set(suite, before === "all" || file === undefined ? "all" : [...before, file]);
  }
  return { verbose: values.verbose, wanted };
}

export const suitesArguments = (): SuitesArguments => programArguments(usage, readSuitesArguments);
