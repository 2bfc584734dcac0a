import type { Command } from "commander";

/** Of commands that say nothing more about themselves than their options and these. */
const examples: Readonly<Record<string, readonly string[]>> = {
  "identity revoke": ['sally identity revoke corp#ci-runner --reason "leaked token"'],
  "identity restore": ['sally identity restore corp#ci-runner --reason "new key"'],
  "identity list": ["sally identity list", "sally identity list --all --json"],
  "approvals list": ["sally approvals list", "sally approvals list --state all --json"],
  "approvals show": ["sally approvals show bq5v3x2k6n7m4p3r2s5t6u7vwx"],
  "approvals approve": [
    'SALLY_TOKEN=$(my-token) sally approvals approve bq5v3x2k6n7m4p3r2s5t6u7vwx --reason "ticket 4711"',
  ],
  "approvals deny": [
    'SALLY_TOKEN=$(my-token) sally approvals deny bq5v3x2k6n7m4p3r2s5t6u7vwx --reason "not on a Friday"',
  ],
  sessions: [
    "sally sessions list",
    "sally sessions show l5kwxmoaf7wi",
    "sally sessions kill l5kwxmoaf7wi",
  ],
  "sessions list": ["sally sessions list", "sally sessions list --json | jq 'select(.denied > 0)'"],
  "sessions show": ["sally sessions show l5kwxmoaf7wi"],
  "sessions kill": ["sally sessions kill l5kwxmoaf7wi"],
  replay: [
    "sally replay l5kwxmoaf7wi",
    "sally replay l5kwxmoaf7wi --speed 4",
    "sally replay l5kwxmoaf7wi --json",
  ],
};

/** Puts the examples below the help of each command that has some here. */
export function addExamples(command: Command, path: readonly string[] = []): void {
  const lines = examples[path.join(" ")];
  if (lines)
    command.addHelpText("after", `\nExamples:\n${lines.map((line) => `  $ ${line}`).join("\n")}`);
  for (const inner of command.commands) addExamples(inner, [...path, inner.name()]);
}
