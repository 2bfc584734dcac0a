import type { Command } from "commander";
import { readBundle } from "../bundle.ts";
import { contextOf, withCommonOptions } from "../context.ts";
import { checkText, ok, type Check } from "../doctor/check.ts";
import { Clocks } from "../doctor/clocks.ts";
import { targetChecks } from "../doctor/target-checks.ts";
import { say, sayJson } from "../output.ts";
import { policyTestChecks } from "../policy-tests.ts";

export function registerCheck(policy: Command): void {
  withCommonOptions(policy.command("check"))
    .description("load and lint the policies, run their tests, compare names with the targets")
    .option("--offline", "ask no target", false)
    .addHelpText(
      "after",
      `
Reads every *.cedar below the config's \`policies\` folder as the policy service does, and runs the *.test.yaml beside
them. A name that a target lacks is a warning: it can never be asked for. Exit code 1 when a policy does not load or a
test fails.

Examples:
  $ sally policy check
  $ sally policy check --offline --json`,
    )
    .action(async (options: { offline: boolean }, command: Command) => {
      const context = contextOf(command);
      const loaded = context.config();
      const tell = (check: Check): void => (context.json ? sayJson(check) : say(checkText(check)));
      const { bundle, engine } = readBundle(loaded, Date.now());
      const files = bundle.policies.length;
      tell(
        ok(
          "policies",
          `${engine.policies.length} load, from ${files} file${files === 1 ? "" : "s"}${bundle.baseline ? " and the baseline" : ""}`,
        ),
      );
      const { offline } = options;
      for (const check of await policyTestChecks(loaded, engine, { offline, now: Date.now() })) {
        tell(check);
        if (check.state === "fail") process.exitCode = 1;
      }
      if (offline) return;
      for (const check of await targetChecks(loaded, engine, new Clocks())) {
        // Whether a target answers is the doctor's question; here it only means that nothing was compared.
        tell(check.state === "fail" ? { ...check, state: "warn" } : check);
      }
    });
}
