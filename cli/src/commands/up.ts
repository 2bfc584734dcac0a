import { InvalidArgumentError, Option, type Command } from "commander";
import { CliError } from "../cli-error.ts";
import { contextOf, withCommonOptions } from "../context.ts";
import { Announcer } from "../up/announce.ts";
import { serviceNames, type ServiceName } from "../up/service.ts";
import { Up } from "../up/up.ts";

export function registerUp(program: Command): void {
  withCommonOptions(program.command("up"))
    .description("run Sallyport from a config, in the foreground")
    .option("--workers <n>", "how many workers (proxies) share the PostgreSQL port", workerCount)
    .option("--only <services>", `some of ${serviceNames.join(",")}`, serviceList)
    .addOption(
      new Option(
        "--log <form>",
        "how services write their log (default: readable on a terminal, else json)",
      ).choices(["readable", "json"]),
    )
    .addHelpText(
      "after",
      `
Each service is a process of its own; one that crashes is started again. SIGTERM or Ctrl-C drains: workers take no
new session and give live ones the config's \`drain\`; a second one ends everything at once. Keys, credentials of the
bus and, unless the config names \`nats\`, a nats-server live in the data directory.

Examples:
  $ sally up
  $ sally up --config prod/sallyport.yaml --workers 4
  $ sally up --only proxy --json`,
    )
    .action(
      async (
        options: { workers?: number; only?: ServiceName[]; log?: string },
        command: Command,
      ) => {
        const context = contextOf(command);
        // For this process and those that it starts.
        if (options.log !== undefined) process.env["SALLY_LOG"] = options.log;
        await runUntilSignal((stopping) =>
          Up.start(
            {
              loaded: context.config(),
              data: context.data,
              workers: options.workers,
              services: options.only ?? serviceNames,
              announcer: new Announcer(context.json),
            },
            stopping,
          ),
        );
      },
    );
}

/** Ctrl-C under npm comes twice: from the terminal, and forwarded by npm. Milliseconds. */
const echo = 300;

/** The first SIGTERM, SIGINT or SIGHUP drains, the second ends at once. */
async function runUntilSignal(start: (stopping: AbortSignal) => Promise<Up>): Promise<void> {
  const stopping = new AbortController();
  const asked = new Promise<void>((resolve) => {
    stopping.signal.addEventListener("abort", () => resolve(), { once: true });
  });
  let up: Up | undefined;
  let first = 0;
  const onSignal = (): void => {
    if (!stopping.signal.aborted) {
      first = performance.now();
      stopping.abort();
      return;
    }
    if (performance.now() - first < echo) return;
    up?.kill();
    process.exit(1);
  };
  for (const signal of ["SIGTERM", "SIGINT", "SIGHUP"] as const) process.on(signal, onSignal);
  try {
    up = await start(stopping.signal);
  } catch (error) {
    // Asked to stop before it was ready: it has stopped.
    if (stopping.signal.aborted) return;
    throw error;
  }
  const keepAlive = setInterval(() => undefined, 60_000);
  await asked;
  await up.stop();
  clearInterval(keepAlive);
}

function workerCount(text: string): number {
  const count = Number(text);
  if (!Number.isInteger(count) || count < 1 || count > 256)
    throw new InvalidArgumentError("it takes a number from 1 to 256.");
  return count;
}

function serviceList(text: string): ServiceName[] {
  const wanted = text.split(",").map((name) => name.trim());
  const unknown = wanted.find((name) => !serviceNames.some((known) => known === name));
  if (unknown !== undefined)
    throw new CliError(`there is no service \`${unknown}\``, {
      hint: `there are ${serviceNames.join(", ")}`,
      exitCode: 2,
    });
  return serviceNames.filter((name) => wanted.includes(name));
}
