import type { Operation } from "@sallyport/contracts";
import type { Decision } from "./decision.ts";
import type { Engine } from "./engine.ts";
import { explain } from "./explain.ts";
import type { PolicyMistake } from "./mistake.ts";
import {
  operationsOf,
  readTestFile,
  type PolicyTest,
  type ReadTest,
  type Tables,
} from "./policy-test-file.ts";

/** A statement's text to read, with what the test file says of the connection's tables, if it does. */
export interface Statement {
  readonly connection: string;
  readonly text: string;
  readonly tables: Tables[string] | undefined;
}

/** Reads a statement into its operations, or says why it cannot be read. */
export type Analyse = (
  statement: Statement,
) => Promise<{ readonly operations: readonly Operation[] } | { readonly problem: string }>;

export interface PolicyTestResult {
  readonly file: string;
  readonly line: number;
  readonly name: string;
  readonly passed: boolean;
  /** What came otherwise than expected. */
  readonly problems: readonly string[];
  /** How the verdict came about. */
  readonly explanation: readonly string[];
}

export interface PolicyTestReport {
  readonly results: readonly PolicyTestResult[];
  /** What is wrong with the test files themselves. */
  readonly mistakes: readonly PolicyMistake[];
}

/** Runs every `*.test.yaml`. `now`: the time of tests that name none, milliseconds since 1970. */
export async function runPolicyTests(
  engine: Engine,
  files: readonly { readonly file: string; readonly text: string }[],
  analyse: Analyse,
  now: number,
): Promise<PolicyTestReport> {
  const read = files.map(({ file, text }) => readTestFile(file, text));
  const results: PolicyTestResult[] = [];
  for (const test of read.flatMap(({ tests }) => tests))
    results.push(await run(engine, test, analyse, now));
  return { results, mistakes: read.flatMap(({ mistakes }) => mistakes) };
}

async function run(
  engine: Engine,
  { file, line, test, principal, tables }: ReadTest,
  analyse: Analyse,
  now: number,
): Promise<PolicyTestResult> {
  const { name, connection, command, kind, address, time } = test;
  const place = { file, line, name };
  const failed = (problem: string): PolicyTestResult => ({
    ...place,
    passed: false,
    problems: [problem],
    explanation: [],
  });
  if (!engine.connections.has(connection))
    return failed(`there is no connection \`${connection}\``);
  const unknown = by(test).find((id) => !id.startsWith("builtin:") && !engine.policy(id));
  if (unknown !== undefined) return failed(`there is no policy \`${unknown}\``);
  const asked =
    command === undefined
      ? { operations: operationsOf(test) }
      : await analyse({ connection, text: command, tables });
  if ("problem" in asked) return failed(`the command cannot be read: ${asked.problem}`);
  const at = time === undefined ? now : Date.parse(time);
  const decision = engine.judge(
    { principal, connection, address, kind, operations: [...asked.operations] },
    at,
  );
  const problems = compare(test, decision);
  return {
    ...place,
    passed: problems.length === 0,
    problems,
    explanation: explain(decision, engine),
  };
}

const by = ({ expect }: PolicyTest): readonly string[] =>
  typeof expect === "string" ? [] : (expect.by ?? []);

function compare({ connection, expect }: PolicyTest, decision: Decision): string[] {
  const expected =
    typeof expect === "string"
      ? { verdict: expect === "allow" ? "pass" : "deny", masks: {}, holds: [], by: undefined }
      : expect;
  const problems: string[] = [];
  if (decision.decision !== expected.verdict) {
    const reasons = decision.reasons.map(({ policy }) => policy).join(", ");
    problems.push(
      `expected ${expected.verdict}, came ${decision.decision}${reasons === "" ? "" : ` by ${reasons}`}`,
    );
  } else if (decision.decision === "pass") {
    const masks = decision.masks.map(
      ({ column, masker }) => `${column.slice(connection.length + 1)}: ${masker}`,
    );
    const wanted = Object.entries(expected.masks).map(([column, masker]) => `${column}: ${masker}`);
    problems.push(...difference("mask", wanted, masks));
    const holds = decision.holds.map(({ group }) => group);
    problems.push(...difference("hold", expected.holds, holds));
  }
  for (const id of expected.by ?? [])
    if (!decision.policies.includes(id))
      problems.push(
        `expected \`${id}\` to decide, but it was ${decision.policies.join(", ") || "none"}`,
      );
  return problems;
}

function difference(what: string, expected: readonly string[], came: readonly string[]): string[] {
  return [
    ...expected.filter((one) => !came.includes(one)).map((one) => `expected ${what} ${one}`),
    ...came.filter((one) => !expected.includes(one)).map((one) => `came with ${what} ${one}`),
  ];
}
