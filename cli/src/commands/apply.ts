import type { Command } from "commander";
import { applyBundle } from "../apply-bundle.ts";
import { awaitArchived } from "../await-archived.ts";
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
revision at once: live sessions whose connect it takes away end. The command ends when a recorder has put the bundle
into the archive too; when none does, it says so. Listeners, identity, archive and limits are read when \`sally up\`
starts, not here.

Examples:
  $ sally apply
  $ sally apply --config prod/sallyport.yaml --json`,
    )
    .action(async (_options, command: Command) => {
      const context = contextOf(command);
      const { bundle } = readBundle(context.config(), Date.now());
      const { revision, changes, archived } = await asOperator(context, async (bus) => {
        const applied = await applyBundle(bus, bundle);
        return { ...applied, archived: await awaitArchived(bus, applied) };
      });
      if (context.json)
        sayJson({
          revision,
          changed: changes.length > 0,
          changes,
          archived: archived === "archived",
        });
      else if (changes.length === 0) say(`nothing changed: revision ${revision} stays`);
      else {
        for (const change of changes) say(`  ${change}`);
        say(`applied as revision ${revision}`);
      }
      if (archived !== "archived") process.stderr.write(`sally: ${unarchived[archived]}\n`);
    });
}

const risk =
  "until then it lies on the bus alone, and if that loses its storage the evidence will lack it";
const unarchived = {
  absent: `no recorder runs: the bundle is in force and not in the archive; ${risk}`,
  late: `the recorder has not put the bundle into the archive yet, its /readyz says why; ${risk}`,
} as const;
