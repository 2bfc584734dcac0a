import { spawn, type ChildProcess, type SpawnOptions } from "node:child_process";
import { once } from "node:events";

/**
 * Ends a process ($1) that knows nothing of us, when our end of its standard input closes, however we end.
 */
const watchdog = `
trap "" INT TERM HUP
cat >/dev/null
kill -TERM "$1" 2>/dev/null
for _ in 1 2 3 4 5 6 7 8 9 10; do kill -0 "$1" 2>/dev/null || exit 0; sleep 0.2; done
kill -KILL "$1" 2>/dev/null
`;

export interface Exit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

export const exitText = ({ code, signal }: Exit): string =>
  signal === null ? `exit code ${code}` : signal;

/** A process in a session of its own, so that Ctrl-C in a terminal reaches only `sally up`, which ends it in order. */
export class Process {
  readonly child: ChildProcess;
  readonly pid: number;
  readonly exited: Promise<Exit>;
  #exit: Exit | undefined;

  private constructor(child: ChildProcess, pid: number) {
    this.child = child;
    this.pid = pid;
    this.exited = new Promise((resolve) => {
      child.once("exit", (code, signal) => {
        this.#exit = { code, signal };
        resolve(this.#exit);
      });
    });
  }

  /** `leashed`: it must be ended for us when we are killed; a process with an IPC channel sees that by itself. */
  static async start(
    command: string,
    args: readonly string[],
    options: SpawnOptions & { leashed: boolean },
  ): Promise<Process> {
    const { leashed, ...rest } = options;
    const child = spawn(command, args, { ...rest, detached: true });
    await once(child, "spawn");
    if (child.pid === undefined) throw new Error(`\`${command}\` has no pid`);
    const started = new Process(child, child.pid);
    if (leashed) {
      const dog = spawn("sh", ["-c", watchdog, "sh", String(child.pid)], {
        stdio: ["pipe", "ignore", "ignore"],
        detached: true,
      });
      void started.exited.then(() => dog.kill("SIGKILL"));
    }
    return started;
  }

  get running(): boolean {
    return this.#exit === undefined;
  }

  signal(signal: NodeJS.Signals): void {
    if (this.running) this.child.kill(signal);
  }

  /** SIGTERM, and SIGKILL after `patience` milliseconds. */
  async end(patience: number): Promise<Exit> {
    this.signal("SIGTERM");
    const late = setTimeout(() => this.signal("SIGKILL"), patience);
    const exit = await this.exited;
    clearTimeout(late);
    return exit;
  }
}
