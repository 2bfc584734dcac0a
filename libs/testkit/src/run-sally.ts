import { spawn } from "node:child_process";
import { fileURLToPath } from "node:url";

/** The command line's entry, for `node`. */
export const sallyMain = fileURLToPath(new URL("../../../cli/src/main.ts", import.meta.url));

export interface SallyResult {
  stdout: string;
  stderr: string;
  /** 0 done, 1 refused or failed, 2 wrong usage. */
  code: number;
}

/** Runs one command of `sally` to its end. */
export function runSally(
  args: readonly string[],
  options: { env?: Record<string, string>; cwd?: string } = {},
): Promise<SallyResult> {
  const child = spawn(process.execPath, [sallyMain, ...args], {
    stdio: ["ignore", "pipe", "pipe"],
    env: { ...process.env, ...options.env },
    ...(options.cwd !== undefined && { cwd: options.cwd }),
  });
  let stdout = "";
  let stderr = "";
  child.stdout.setEncoding("utf8").on("data", (chunk: string) => (stdout += chunk));
  child.stderr.setEncoding("utf8").on("data", (chunk: string) => (stderr += chunk));
  return new Promise((resolve, reject) => {
    child.once("error", reject);
    child.once("close", (code) => resolve({ stdout, stderr, code: code ?? 1 }));
  });
}
