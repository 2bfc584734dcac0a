import { spawn, spawnSync } from "node:child_process";

/** Whether this machine has psql. A test that needs it says so in its name and is skipped without. */
export function hasPsql(): boolean {
  return spawnSync("psql", ["--version"], { stdio: "ignore" }).status === 0;
}

export interface PsqlResult {
  stdout: string;
  stderr: string;
  /** psql's own: 0 done, 1 fatal, 2 connection lost, 3 a statement failed under ON_ERROR_STOP; 128 + n by signal n. */
  code: number;
}

/** A psql that runs; `stdin` takes what a person would type. */
export interface RunningPsql {
  readonly pid: number;
  readonly stdin: NodeJS.WritableStream;
  /** What came so far. */
  readonly stdout: string;
  readonly stderr: string;
  kill(signal?: NodeJS.Signals): void;
  readonly done: Promise<PsqlResult>;
}

/**
 * Starts the real psql without anybody's start-up file or password file. `env` takes PGPASSWORD and the like; nothing
 * of ours whose name begins with PG is handed on.
 */
export function startPsql(
  args: readonly string[],
  options: { env?: Record<string, string> } = {},
): RunningPsql {
  const ours = Object.entries(process.env).filter(([name]) => !name.startsWith("PG"));
  const child = spawn("psql", ["--no-psqlrc", ...args], {
    stdio: ["pipe", "pipe", "pipe"],
    env: {
      ...Object.fromEntries(ours),
      PGPASSFILE: "/nonexistent",
      LC_ALL: "C.UTF-8",
      ...options.env,
    },
  });
  let stdout = "";
  let stderr = "";
  child.stdout.setEncoding("utf8").on("data", (chunk: string) => (stdout += chunk));
  child.stderr.setEncoding("utf8").on("data", (chunk: string) => (stderr += chunk));
  child.stdin.on("error", () => undefined); // psql may end before it has read all
  const done = new Promise<PsqlResult>((resolve, reject) => {
    child.once("error", reject);
    child.once("close", (code, signal) => {
      resolve({ stdout, stderr, code: code ?? 128 + (signal === "SIGKILL" ? 9 : 15) });
    });
  });
  return {
    pid: child.pid ?? 0,
    stdin: child.stdin,
    get stdout() {
      return stdout;
    },
    get stderr() {
      return stderr;
    },
    kill: (signal = "SIGTERM") => void child.kill(signal),
    done,
  };
}

/** Runs the real psql to its end; `input` is its standard input. */
export function psql(
  args: readonly string[],
  options: { input?: string; env?: Record<string, string> } = {},
): Promise<PsqlResult> {
  const running = startPsql(args, options);
  running.stdin.end(options.input ?? "");
  return running.done;
}
