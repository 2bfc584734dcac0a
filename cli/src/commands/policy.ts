import type { Command } from "commander";
import { registerCheck } from "./policy-check.ts";
import { registerExplain } from "./policy-explain.ts";

export function registerPolicy(program: Command): void {
  const policy = program
    .command("policy")
    .description("check the policies, or ask them what they say to a command")
    .addHelpText(
      "after",
      `
Examples:
  $ sally policy check
  $ sally policy explain --principal corp#ci-runner --group corp/ci --connection orders --sql "SELECT 1"`,
    );
  registerCheck(policy);
  registerExplain(policy);
}
