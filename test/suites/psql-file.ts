import { spawn } from "node:child_process";
import { open } from "node:fs/promises";
import { once } from "node:events";

export interface Files {
  readonly input: string;
  readonly output: string;
}

/** Runs a program with its input from a file, and both outputs into one, as pg_regress does. */
export async function runFile(
  program: string,
  args: readonly string[],
  files: Files,
  env: Readonly<Record<string, string>>,
): Promise<void> {
  const [input, output] = [await open(files.input, "r"), await open(files.output, "w")];
  try {
    const child = spawn(program, args, { stdio: [input.fd, output.fd, output.fd], env });
    await once(child, "close");
  } finally {
    await input.close();
    await output.close();
  }
}
