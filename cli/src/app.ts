import { Command, CommanderError } from "commander";
import manifest from "../package.json" with { type: "json" };
import { ConfigErrors, SallyError } from "@sallyport/runtime";
import { CliError } from "./cli-error.ts";
import { addExamples } from "./examples.ts";
import { help } from "./help.ts";
import { visibleLines } from "./terminal-text.ts";
import { registerNotThereYet } from "./not-there-yet.ts";

type Register = (program: Command) => void;

/** In the order of the help. A command's modules are loaded when it is called: some carry a policy engine, or parsers. */
const commands: Readonly<Record<string, () => Promise<Register>>> = {
  init: async () => (await import("./commands/init.ts")).registerInit,
  up: async () => (await import("./commands/up.ts")).registerUp,
  setup: async () => (await import("./commands/setup.ts")).registerSetup,
  apply: async () => (await import("./commands/apply.ts")).registerApply,
  doctor: async () => (await import("./commands/doctor.ts")).registerDoctor,
  policy: async () => (await import("./commands/policy.ts")).registerPolicy,
  identity: async () => (await import("./commands/identity.ts")).registerIdentity,
  approvals: async () => (await import("./commands/approvals.ts")).registerApprovals,
  login: async () => (await import("./commands/login.ts")).registerLogin,
  connect: async () => (await import("./commands/connect.ts")).registerConnect,
  sessions: async () => (await import("./commands/sessions.ts")).registerSessions,
  replay: async () => (await import("./commands/replay.ts")).registerReplay,
  verify: async () => (await import("./commands/verify.ts")).registerVerify,
};

/** With the one command that is called, or with all: for help, and to suggest. */
export async function makeProgram(called: string | undefined): Promise<Command> {
  const program = new Command("sally");
  program
    .description("Sallyport: nobody passes until both gates agree.")
    .version(manifest.version, "-V, --version", "print the version")
    .configureHelp(help)
    .showHelpAfterError("(--help tells more)")
    .showSuggestionAfterError()
    .addHelpText(
      "after",
      `
Each command takes --config FILE (default ./sallyport.yaml), --data DIR and --json; each says more with --help.
Exit codes: 0 done, 1 refused or failed, 2 wrong usage.

Examples:
  $ sally policy check
  $ sally up
  $ sally doctor`,
    )
    .exitOverride()
    .enablePositionalOptions();
  const one =
    called !== undefined && Object.hasOwn(commands, called) ? commands[called] : undefined;
  const wanted = one ? [one] : Object.values(commands);
  for (const load of wanted) (await load())(program);
  registerNotThereYet(program);
  addExamples(program);
  return program;
}

/** Runs one command line; returns the exit code: 0 done, 1 refused or failed, 2 wrong usage. */
export async function run(argv: readonly string[]): Promise<number> {
  try {
    const program = await makeProgram(argv[0]);
    await program.parseAsync([...argv], { from: "user" });
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
  // It may quote an archive's, a config's or a server's words.
  const message = error instanceof Error ? error.message : String(error);
  complain(`sally: ${visibleLines(message).join("\n")}`);
  const hint = error instanceof CliError || error instanceof SallyError ? error.hint : undefined;
  if (hint !== undefined) complain(`  ${hint}`);
  return error instanceof CliError ? error.exitCode : 1;
}
