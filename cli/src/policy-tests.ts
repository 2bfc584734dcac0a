import {
  policyMistakeText,
  runPolicyTests,
  type Analyse,
  type Engine,
  type PolicyTestResult,
} from "@sallyport/cedar";
import type { LoadedConfig } from "@sallyport/runtime";
import { writtenCatalog, WrittenCatalogError, writtenMajor } from "@sallyport/sql";
import { readFilesBelow } from "./bundle.ts";
import { fail, ok, reason, type Check } from "./doctor/check.ts";
import { readCommand, type ReadTarget } from "./read-command.ts";
import { seeTarget } from "./target.ts";

/**
 * Runs every `*.test.yaml` below the policies' folder. A text is read against the tables that its file writes out, else
 * with the target's own catalog, unless no target is to be asked.
 */
export async function policyTestChecks(
  loaded: LoadedConfig,
  engine: Engine,
  options: { readonly offline: boolean; readonly now: number },
): Promise<Check[]> {
  const directory = loaded.resolve(loaded.config.policies.directory);
  const files = readFilesBelow(directory, ".test.yaml");
  if (files.length === 0) return [];
  const analyse = analyser(loaded, options.offline);
  const { results, mistakes } = await runPolicyTests(engine, files, analyse, options.now);
  return [
    ...mistakes.map((mistake) =>
      fail("policy tests", policyMistakeText(mistake), "docs/policies.md has the form of a test"),
    ),
    ...results.filter(({ passed }) => !passed).map(failure),
    ...passes(results),
  ];
}

const failure = ({ file, line, name, problems, explanation }: PolicyTestResult): Check =>
  fail(
    `policy test ${file}:${line}`,
    `${name}: ${problems.join("; ")}`,
    explanation.length === 0 ? "change the test" : explanation.join("\n      "),
  );

function passes(results: readonly PolicyTestResult[]): Check[] {
  const passed = results.filter((result) => result.passed).length;
  return passed === 0 ? [] : [ok("policy tests", `${passed} of ${results.length} pass`)];
}

function analyser(loaded: LoadedConfig, offline: boolean): Analyse {
  const seen = new Map<string, Promise<ReadTarget>>();
  return async ({ connection: name, text, tables }) => {
    const connection = loaded.config.connections[name];
    if (!connection) return { problem: `there is no connection \`${name}\`` };
    if (!tables && offline)
      return { problem: `write \`tables: { ${name}: … }\` into the file, or leave out --offline` };
    try {
      const target = tables
        ? { major: writtenMajor, searchPath: ["public"], catalog: writtenCatalog(tables) }
        : await (seen.get(name) ?? remember(seen, name, seeTarget(connection, loaded)));
      const read = await readCommand(name, connection, target, text);
      return read.kind === "operations"
        ? { operations: read.operations }
        : { problem: `${read.message} (${read.sqlstate})` };
    } catch (cause) {
      if (cause instanceof WrittenCatalogError) return { problem: cause.message };
      return { problem: `the target of \`${name}\` cannot be read: ${reason(cause)}` };
    }
  };
}

function remember<T>(all: Map<string, T>, key: string, value: T): T {
  all.set(key, value);
  return value;
}
