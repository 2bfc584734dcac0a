import type { Command } from "commander";
import { CliError } from "./cli-error.ts";
import { withCommonOptions } from "./context.ts";

const commands: Readonly<Record<string, string>> = {
  query: "ask the archive with SQL",
  verify: "check the archive's chain offline",
};

/** Commands that have their name and nothing else: they say so. */
export function registerNotThereYet(program: Command): void {
  for (const [name, what] of Object.entries(commands)) {
    withCommonOptions(program.command(name))
      .description(`${what} (not there yet)`)
      .allowUnknownOption()
      .allowExcessArguments()
      .action(() => {
        throw new CliError(`\`sally ${name}\` is not there yet`);
      });
  }
}
