import { fileURLToPath } from "node:url";
import { Ready } from "@sallyport/runtime";
import { CliError } from "../cli-error.ts";
import { within } from "../within.ts";
import { nodeOptions } from "./node-options.ts";
import { exitText, Process } from "./process.ts";

export const serviceNames = ["authn", "policy", "approval", "recorder", "proxy"] as const;
export type ServiceName = (typeof serviceNames)[number];

export interface ServiceOptions {
  readonly service: ServiceName;
  /** Of a worker. */
  readonly name?: string;
  readonly config: string;
  readonly data: string;
  readonly env: NodeJS.ProcessEnv;
  readonly onReady: (ready: Ready, pid: number) => void;
  /** Ends a start that is under way. */
  readonly giveUp: AbortSignal;
}

/** Milliseconds that a service may take until it serves. */
const patience = 60_000;

export const serviceLabel = ({ service, name }: { service: string; name?: string }): string =>
  name === undefined ? service : `${service} ${name}`;

/** Starts `services/<service>/src/main.ts` and resolves when it says that it serves. */
export async function startService(options: ServiceOptions): Promise<Process> {
  const { service, name, config, data, env, onReady, giveUp } = options;
  const script = fileURLToPath(
    new URL(`../../../services/${service}/src/main.ts`, import.meta.url),
  );
  const args = [...nodeOptions(service), script, "--config", config, "--data", data];
  if (name !== undefined) args.push("--name", name);
  const started = await Process.start(process.execPath, args, {
    // Standard output is ours alone: with `--json` it holds nothing but the objects.
    stdio: ["ignore", 2, 2, "ipc"],
    env,
    leashed: false,
  });
  const label = serviceLabel(options);
  const ended = started.exited.then((exit) => {
    throw new CliError(`${label} ended with ${exitText(exit)} before it served`, {
      hint: "its log, above, says why",
    });
  });
  try {
    const ready = await within(
      patience,
      Promise.race([nextReady(started), ended, aborted(giveUp)]),
      () => new CliError(`${label} did not serve within ${patience / 1000} s`),
    );
    ended.catch(() => undefined);
    onReady(ready, started.pid);
    return started;
  } catch (error) {
    started.signal("SIGKILL");
    throw error;
  }
}

function nextReady({ child }: Process): Promise<Ready> {
  return new Promise((resolve) => {
    const listen = (message: unknown): void => {
      const ready = Ready.safeParse(message);
      if (!ready.success) return;
      child.off("message", listen);
      resolve(ready.data);
    };
    child.on("message", listen);
  });
}

function aborted(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    const end = (): void => reject(new CliError("stopped before it was ready"));
    if (signal.aborted) end();
    else signal.addEventListener("abort", end, { once: true });
  });
}
