import { spawn } from "node:child_process";
import { readFile } from "node:fs/promises";
import { Option, type Command } from "commander";
import { CliError } from "../cli-error.ts";

/** Where fresh tokens come from. */
export interface TokenSource {
  readonly kind: "command" | "file" | "environment";
  /** @throws CliError */
  readonly fetch: () => Promise<string>;
}

/** Milliseconds that a token command may take. */
const patience = 60_000;
/** Bytes: more is no token. */
const longest = 32 * 1024;

/** No option takes the token itself: other users of the machine see command lines. */
export const withTokenOptions = (command: Command): Command =>
  command
    .addOption(
      new Option(
        "--token-command <command>",
        "prints a fresh token; a shell runs it each time one is needed",
      ).env("SALLY_TOKEN_COMMAND"),
    )
    .addOption(
      new Option("--token-file <file>", "holds a token, kept fresh by somebody else").env(
        "SALLY_TOKEN_FILE",
      ),
    );

/** What was said on the command line is meant rather than what the environment says. @throws CliError */
export function tokenSource(command: Command): TokenSource {
  const { tokenCommand, tokenFile } = command.opts<{ tokenCommand?: string; tokenFile?: string }>();
  const said = (name: string): boolean => command.getOptionValueSource(name) === "cli";
  if (said("tokenCommand") && said("tokenFile"))
    throw new CliError("give --token-command or --token-file, not both", { exitCode: 2 });
  if (tokenCommand !== undefined && !said("tokenFile"))
    return { kind: "command", fetch: () => fromCommand(tokenCommand) };
  if (tokenFile !== undefined) return { kind: "file", fetch: () => fromFile(tokenFile) };
  const token = process.env["SALLY_TOKEN"];
  if (token !== undefined && token !== "")
    return {
      kind: "environment",
      fetch: () => Promise.resolve(theToken(token, "`SALLY_TOKEN`")),
    };
  throw new CliError("no token: nobody said where one comes from", {
    hint: "give --token-command, --token-file, or a token in SALLY_TOKEN",
    exitCode: 2,
  });
}

async function fromFile(file: string): Promise<string> {
  try {
    return theToken(await readFile(file, "utf8"), `\`${file}\``);
  } catch (cause) {
    if (cause instanceof CliError) throw cause;
    const why = cause instanceof Error && "code" in cause ? String(cause.code) : "unreadable";
    throw new CliError(`the token file \`${file}\` cannot be read: ${why}`, { cause });
  }
}

async function fromCommand(text: string): Promise<string> {
  const child = spawn("/bin/sh", ["-c", text], {
    // Its input is the client's own; what it has to say to a person is shown.
    stdio: ["ignore", "pipe", "inherit"],
    timeout: patience,
  });
  let output = "";
  child.stdout.setEncoding("utf8").on("data", (chunk: string) => {
    if (output.length <= longest) output += chunk;
  });
  const ended = await new Promise<number | NodeJS.Signals | null>((resolve, reject) => {
    child.once("error", reject);
    child.once("close", (code, signal) => resolve(signal ?? code));
  });
  if (ended !== 0)
    throw new CliError(
      ended === "SIGTERM"
        ? `the token command did not end within ${patience / 1000} s`
        : `the token command failed: it ended with ${String(ended)}`,
      { hint: "run it by itself to see why" },
    );
  return theToken(output, "what the token command printed");
}

function theToken(text: string, what: string): string {
  const token = text.trim();
  if (token === "") throw new CliError(`${what} is empty`);
  if (token.length > longest || !/^[\x21-\x7e]+$/.test(token))
    throw new CliError(`${what} is not one token`, {
      hint: "it has to be the token alone, without quotes, JSON or further lines",
    });
  return token;
}
