import { mkdir, readFile } from "node:fs/promises";
import { dirname } from "node:path";
import { LeashedProcess } from "./leash.ts";
import { sallyMain } from "./run-sally.ts";
import { serviceProcesses, type ServiceProcess } from "./service-processes.ts";
import { waitFor } from "./wait-for.ts";

export interface SallyUpOptions {
  config: string;
  data: string;
  /** Takes what `sally up` and its services write: the ready line, messages, logs. */
  log: string;
  env?: Record<string, string>;
  /** Further arguments, such as `--workers 2`. */
  args?: readonly string[];
  /** Milliseconds that it may take; 120 s by default. */
  timeout?: number;
}

/** `sally up --json` as a process of its own. */
export class SallyUp implements AsyncDisposable {
  /** Addresses as `host:port`, by listener: `postgres`, `approval`, … */
  readonly listen: Readonly<Record<string, string>>;
  readonly #process: LeashedProcess;
  readonly #options: SallyUpOptions;

  private constructor(
    process: LeashedProcess,
    options: SallyUpOptions,
    listen: Record<string, string>,
  ) {
    this.#process = process;
    this.#options = options;
    this.listen = listen;
  }

  /** Resolves when all five services serve; rejects with what was logged when they do not. */
  static async start(options: SallyUpOptions): Promise<SallyUp> {
    const { config, data, log, args = [], timeout = 120_000 } = options;
    await mkdir(dirname(log), { recursive: true });
    // A log that goes on has a ready line of an earlier run.
    const before = (await readLog(log)).length;
    const up = await LeashedProcess.start(
      process.execPath,
      [sallyMain, "up", "--config", config, "--data", data, "--json", ...args],
      {
        directory: dirname(log),
        temporary: false,
        log,
        signal: "TERM",
        env: { ...process.env, ...options.env },
      },
    );
    try {
      const ready = await waitFor(
        async () => {
          const line = readyLine((await readLog(log)).slice(before));
          if (line === undefined && !up.running) return "ended";
          return line;
        },
        { what: "`sally up` to be ready", timeout },
      );
      if (ready === "ended") throw new Error("`sally up` ended before it was ready");
      return new SallyUp(up, options, ready);
    } catch (cause) {
      await up.end("SIGTERM", 120_000);
      const said = (await readLog(log)).slice(before).slice(-4000);
      throw new Error(`${cause instanceof Error ? cause.message : String(cause)}:\n${said}`, {
        cause,
      });
    }
  }

  get pid(): number {
    return this.#process.pid;
  }

  get running(): boolean {
    return this.#process.running;
  }

  /** One address; throws when nothing listens under that name. */
  address(listener: string): { host: string; port: number } {
    const text = this.listen[listener];
    const colon = text?.lastIndexOf(":") ?? -1;
    if (text === undefined || colon < 0)
      throw new Error(`\`sally up\` named no listener \`${listener}\``);
    return { host: text.slice(0, colon), port: Number(text.slice(colon + 1)) };
  }

  /** What runs now. */
  services(): ServiceProcess[] {
    return serviceProcesses(this.#options.data);
  }

  log(): Promise<string> {
    return readFile(this.#options.log, "utf8");
  }

  /** Graceful: it ends by itself when each service has had its time, and killed it would leave some behind. */
  async stop(): Promise<void> {
    await this.#process.end("SIGTERM", 120_000);
  }

  async kill(): Promise<void> {
    await this.#process.end("SIGKILL");
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }
}

const readLog = (log: string): Promise<string> => readFile(log, "utf8").catch(() => "");

function readyLine(log: string): Record<string, string> | undefined {
  const line = log.split("\n").find((one) => one.startsWith('{"ready":true'));
  if (line === undefined) return undefined;
  const parsed: unknown = JSON.parse(line);
  if (typeof parsed !== "object" || parsed === null) return undefined;
  return Object.fromEntries(
    Object.entries(parsed).filter(
      (entry): entry is [string, string] => typeof entry[1] === "string",
    ),
  );
}
