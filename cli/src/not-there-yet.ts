import type { Command } from "commander";
import { CliError } from "./cli-error.ts";
import { withCommonOptions } from "./context.ts";

const commands: Readonly<Record<string, { what: string; until: string }>> = {
  query: {
    what: "ask the archive with SQL",
    until: "`sally sessions list --json` and `show --json` can be asked with jq",
  },
};

/** Commands that have their name and nothing else: they say so, and what does until then. */
export function registerNotThereYet(program: Command): void {
  for (const [name, { what, until }] of Object.entries(commands)) {
    withCommonOptions(program.command(name))
      .description(`${what} (not there yet)`)
      .allowUnknownOption()
      .allowExcessArguments()
      .action(() => {
        throw new CliError(`\`sally ${name}\` is not there yet`, { hint: `until it is, ${until}` });
      });
  }
}
