import { Command, CommanderError } from "commander";
import { ConfigErrors, SallyError } from "@sallyport/runtime";
import { CliError } from "./cli-error.ts";
import { registerApply } from "./commands/apply.ts";
import { registerApprovals } from "./commands/approvals.ts";
import { registerDoctor } from "./commands/doctor.ts";
import { registerIdentity } from "./commands/identity.ts";
import { registerPolicy } from "./commands/policy.ts";
import { registerReplay } from "./commands/replay.ts";
import { registerSessions } from "./commands/sessions.ts";
import { registerUp } from "./commands/up.ts";
import { registerNotThereYet } from "./not-there-yet.ts";

export function makeProgram(): Command {
  const program = new Command("sally");
  program
    .description("Sallyport: nobody passes until both gates agree.")
    .showHelpAfterError("(--help tells more)")
    .showSuggestionAfterError()
    .exitOverride()
    .enablePositionalOptions();
  registerUp(program);
  registerApply(program);
  registerDoctor(program);
  registerPolicy(program);
  registerIdentity(program);
  registerApprovals(program);
  registerSessions(program);
  registerReplay(program);
  registerNotThereYet(program);
  return program;
}

/** Runs one command line; returns the exit code: 0 done, 1 refused or failed, 2 wrong usage. */
export async function run(argv: readonly string[]): Promise<number> {
  try {
    await makeProgram().parseAsync([...argv], { from: "user" });
    return typeof process.exitCode === "number" ? process.exitCode : 0;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
    return sayError(error);
  }
}

function sayError(error: unknown): number {
  const complain = (line: string): boolean => process.stderr.write(`${line}\n`);
  if (error instanceof ConfigErrors) {
    complain(error.message);
    complain(
      `sally: ${error.mistakes.length === 1 ? "a mistake" : `${error.mistakes.length} mistakes`} in the config`,
    );
    return 1;
  }
  complain(`sally: ${error instanceof Error ? error.message : String(error)}`);
  const hint = error instanceof CliError || error instanceof SallyError ? error.hint : undefined;
  if (hint !== undefined) complain(`  ${hint}`);
  return error instanceof CliError ? error.exitCode : 1;
}
