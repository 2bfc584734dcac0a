import type { Command } from "commander";
import { applyBundle } from "../apply-bundle.ts";
import { readBundle } from "../bundle.ts";
import { contextOf, withCommonOptions } from "../context.ts";
import { asOperator } from "../operator.ts";
import { say, sayJson } from "../output.ts";

export function registerApply(program: Command): void {
  withCommonOptions(program.command("apply"))
    .description("load connections, approvers and policies into the running cluster")
    .addHelpText(
      "after",
      `
Everything is checked first; what does not load is refused and the cluster keeps what it has. Services take a new
revision at once: live sessions whose connect it takes away end. Listeners, identity, archive and limits are read
when \`sally up\` starts, not here.

Examples:
  $ sally apply
  $ sally apply --config prod/sallyport.yaml --json`,
    )
    .action(async (_options, command: Command) => {
      const context = contextOf(command);
      const { bundle } = readBundle(context.config(), Date.now());
      const { revision, changes } = await asOperator(context, (bus) => applyBundle(bus, bundle));
      if (context.json) sayJson({ revision, changed: changes.length > 0, changes });
      else if (changes.length === 0) say(`nothing changed: revision ${revision} stays`);
      else {
        for (const change of changes) say(`  ${change}`);
        say(`applied as revision ${revision}`);
      }
    });
}
