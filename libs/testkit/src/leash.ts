import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { open } from "node:fs/promises";

/**
 * Runs beside a server and outlives us, however we end: when our end of its standard input closes, it ends the
 * server ($1) with the signal $2, and with KILL when that does not help, and removes the server's folder ($3, if any).
 */
const watchdog = `
trap "" INT TERM HUP
cat >/dev/null
kill -CONT "$1" 2>/dev/null && kill -"$2" "$1" 2>/dev/null
for _ in 1 2 3 4 5 6 7 8 9 10; do kill -0 "$1" 2>/dev/null || break; sleep 0.2; done
kill -KILL "$1" 2>/dev/null
[ -z "$3" ] || rm -rf -- "$3"
`;

export interface LeashOptions {
  /** The server's working directory. */
  directory: string;
  /** Whether the directory goes, too, when this process dies without stopping the server. */
  temporary: boolean;
  /** A file that takes what the server writes to its standard output and error; appended. */
  log: string;
  /** What ends the server at once and cleanly. */
  signal: "TERM" | "QUIT" | "KILL";
  env?: NodeJS.ProcessEnv;
  uid?: number;
  gid?: number;
}

/** A server that never outlives this process, and never keeps it from ending. */
export class LeashedProcess {
  readonly #child: ChildProcess;
  readonly #watchdog: ChildProcess;
  readonly exited: Promise<void>;

  private constructor(child: ChildProcess, options: LeashOptions) {
    this.#child = child;
    const remove = options.temporary ? options.directory : "";
    this.#watchdog = spawn(
      "sh",
      ["-c", watchdog, "sh", String(child.pid), options.signal, remove],
      {
        stdio: ["pipe", "ignore", "ignore"],
        detached: true,
      },
    );
    child.unref();
    this.#watchdog.unref();
    this.exited = once(child, "exit").then(() => {
      this.#watchdog.kill("SIGKILL");
    });
  }

  /** In a session of its own, so that Ctrl-C in a terminal reaches only us. */
  static async start(
    command: string,
    args: readonly string[],
    options: LeashOptions,
  ): Promise<LeashedProcess> {
    const log = await open(options.log, "a");
    try {
      const child = spawn(command, args, {
        stdio: ["ignore", log.fd, log.fd],
        detached: true,
        cwd: options.directory,
        ...(options.env && { env: options.env }),
        ...(options.uid !== undefined && { uid: options.uid }),
        ...(options.gid !== undefined && { gid: options.gid }),
      });
      await once(child, "spawn");
      return new LeashedProcess(child, options);
    } finally {
      await log.close();
    }
  }

  get pid(): number {
    const { pid } = this.#child;
    if (pid === undefined) throw new Error("the process has no pid");
    return pid;
  }

  get running(): boolean {
    return this.#child.exitCode === null && this.#child.signalCode === null;
  }

  signal(signal: NodeJS.Signals): void {
    this.#child.kill(signal);
  }

  /** Sends `signal` and waits for the end; after `patience` milliseconds, kills. */
  async end(signal: NodeJS.Signals, patience = 30_000): Promise<void> {
    if (this.running) {
      this.signal("SIGCONT");
      this.signal(signal);
      const late = setTimeout(() => this.signal("SIGKILL"), patience);
      this.#child.ref();
      await this.exited;
      clearTimeout(late);
    }
  }
}
