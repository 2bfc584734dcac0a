import { spawn, type ChildProcess } from "node:child_process";
import { constants } from "node:os";
import { CliError } from "../cli-error.ts";

/** A terminal sends SIGINT and SIGQUIT to the client itself, beside us. */
const fromTerminal: readonly NodeJS.Signals[] = ["SIGINT", "SIGQUIT"];
const forwarded: readonly NodeJS.Signals[] = ["SIGTERM", "SIGHUP", "SIGUSR1", "SIGUSR2"];

/**
 * Runs a client in our place: same terminal, same signals. Resolves to its exit code, or 128 and the signal that
 * ended it, as a shell has it.
 * @throws CliError when it cannot be run
 */
export async function runClient(
  command: string,
  args: readonly string[],
  env: NodeJS.ProcessEnv,
): Promise<number> {
  // Listened to before there is a client: a signal that comes while it starts is its own, too.
  let client: ChildProcess | undefined;
  const listeners = [...fromTerminal, ...forwarded].map((signal) => {
    const shared = fromTerminal.includes(signal) && process.stdin.isTTY;
    const listener = (): void => void (shared || client?.kill(signal));
    process.on(signal, listener);
    return () => process.off(signal, listener);
  });
  const child = spawn(command, args, { stdio: "inherit", env });
  client = child;
  try {
    return await new Promise<number>((resolve, reject) => {
      child.once("error", reject);
      child.once("close", (code, signal) =>
        resolve(signal === null ? (code ?? 1) : 128 + constants.signals[signal]),
      );
    });
  } catch (cause) {
    const code = cause instanceof Error && "code" in cause ? cause.code : undefined;
    throw new CliError(
      code === "ENOENT"
        ? `there is no program \`${command}\``
        : `\`${command}\` cannot be run: ${String(code ?? cause)}`,
      { hint: "is it installed, and on PATH?", cause },
    );
  } finally {
    for (const stop of listeners) stop();
  }
}
