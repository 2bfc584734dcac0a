import { setTimeout as delay } from "node:timers/promises";
import { exitText, type Process } from "./process.ts";

export interface Kept {
  /** What messages call it. */
  readonly label: string;
  /** Starts it and resolves when it serves; throws when it does not. */
  readonly start: () => Promise<Process>;
  readonly say: (line: string) => void;
  /** Called each time that it was started again; never rejects. */
  readonly back?: () => Promise<void>;
}

const firstWait = 500;
const longestWait = 10_000;
/** A process that has run for so long begins with the shortest wait again. */
const stable = 30_000;

/** Keeps one process running: what crashes is started again, after 0.5 s, 1 s, 2 s … at most 10 s. */
export class KeptRunning {
  readonly label: string;
  readonly #options: Kept;
  readonly #stopped = new AbortController();
  #process: Process | undefined;

  private constructor(options: Kept) {
    this.#options = options;
    this.label = options.label;
  }

  /** The first start must succeed. */
  static async start(options: Kept): Promise<KeptRunning> {
    const kept = new KeptRunning(options);
    kept.#process = await options.start();
    void kept.#watch(kept.#process);
    return kept;
  }

  get pid(): number | undefined {
    return this.#process?.pid;
  }

  /** Graceful; after `patience` milliseconds not. */
  async stop(patience: number): Promise<void> {
    this.#stopped.abort();
    const exit = await this.#process?.end(patience);
    if (exit && exit.code !== 0)
      this.#options.say(`${this.label} ended with ${exitText(exit)} while it was stopped`);
  }

  /** Ends the process in order, after `patience` milliseconds not; like one that crashed, it is started again. */
  async restart(patience: number): Promise<void> {
    await this.#process?.end(patience);
  }

  kill(): void {
    this.#stopped.abort();
    this.#process?.signal("SIGKILL");
  }

  async #watch(first: Process): Promise<void> {
    const { signal } = this.#stopped;
    let running = first;
    let wait = firstWait;
    for (;;) {
      const since = performance.now();
      const exit = await running.exited;
      if (signal.aborted) return;
      if (performance.now() - since > stable) wait = firstWait;
      this.#options.say(
        `${this.label} ended with ${exitText(exit)}: starting it again in ${wait / 1000} s`,
      );
      for (;;) {
        await delay(wait, undefined, { signal }).catch(() => undefined);
        if (signal.aborted) return;
        wait = Math.min(wait * 2, longestWait);
        try {
          running = await this.#options.start();
          break;
        } catch (error) {
          if (signal.aborted) return;
          const why = error instanceof Error ? error.message : String(error);
          this.#options.say(`${why}: trying again in ${wait / 1000} s`);
        }
      }
      this.#process = running;
      if (signal.aborted) {
        running.signal("SIGTERM");
        return;
      }
      this.#options.say(`${this.label} is back (pid ${running.pid})`);
      void this.#options.back?.();
    }
  }
}
