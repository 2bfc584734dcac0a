import { readFile, rm } from "node:fs/promises";
import { freezeProcess } from "./freeze.ts";
import type { LeashedProcess } from "./leash.ts";

/** How one server is started, and what else of it the testkit knows. */
export interface Launch {
  /** What errors call it. */
  readonly name: string;
  /** Starts its process; `ready` is asked until it says so. */
  readonly launch: () => Promise<LeashedProcess>;
  readonly ready: (running: LeashedProcess) => Promise<void>;
  readonly logFile: string;
  /** Removed when it is stopped; undefined: nothing is. */
  readonly temporary: string | undefined;
}

/** A real server that tests kill, freeze and start again: same port, same data. */
export abstract class LeashedServer implements AsyncDisposable {
  readonly #launch: Launch;
  #process: LeashedProcess | undefined;

  protected constructor(launch: Launch) {
    this.#launch = launch;
  }

  get pid(): number {
    if (!this.#process?.running) throw new Error(`${this.#launch.name} is not running`);
    return this.#process.pid;
  }

  /** Does nothing while it runs. */
  async start(): Promise<void> {
    if (this.#process?.running) return;
    const { name, launch, ready } = this.#launch;
    const started = await launch();
    this.#process = started;
    await ready(started);
    if (!started.running) throw new Error(`${name} did not start: ${await this.log()}`);
  }

  async kill(signal: NodeJS.Signals = "SIGKILL"): Promise<void> {
    await this.#process?.end(signal);
  }

  async restart(signal: NodeJS.Signals = "SIGTERM"): Promise<void> {
    await this.kill(signal);
    await this.start();
  }

  /** Stops the process without closing a connection: it looks like a server that hangs. */
  freeze(): void {
    if (this.#process) freezeProcess(this.#process.pid);
  }

  thaw(): void {
    this.#process?.signal("SIGCONT");
  }

  /** What the server wrote about itself. */
  log(): Promise<string> {
    return readFile(this.#launch.logFile, "utf8");
  }

  async stop(signal: NodeJS.Signals = "SIGTERM"): Promise<void> {
    await this.kill(signal);
    const { temporary } = this.#launch;
    if (temporary !== undefined) await rm(temporary, { recursive: true, force: true });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }
}
