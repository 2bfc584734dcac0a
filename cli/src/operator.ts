import { connectBus, readCredentials, type Bus } from "@sallyport/bus";
import { Alarms, openLog, type Cluster } from "@sallyport/runtime";
import { CliError } from "./cli-error.ts";
import type { CliContext } from "./context.ts";
import { connectionName } from "./operator-name.ts";

/**
 * Connects to the bus as the operator, whose key `sally up` leaves in its data directory (or the config's
 * `nats.credentials` has); the caller stops it. `command`: for the record; `level`: of what is logged.
 */
export async function connectOperator(
  { servers, credentials }: Cluster,
  command: string,
  level: "error" | "silent",
): Promise<Bus> {
  const log = openLog("sally", level);
  return connectBus({
    servers,
    credentials: await readCredentials(credentials, "operator"),
    name: connectionName(command),
    log,
    alarms: new Alarms(log),
    patience: 3000,
  });
}

async function reachable(context: CliContext): Promise<Bus> {
  const cluster = context.cluster();
  try {
    return await connectOperator(cluster, context.command, "error");
  } catch (cause) {
    throw new CliError(cause instanceof Error ? cause.message : String(cause), {
      hint: "is `sally up` running? `sally doctor` tells more",
      cause,
    });
  }
}

/** Runs `work` with the operator's connection, and ends it. */
export async function asOperator<T>(
  context: CliContext,
  work: (bus: Bus) => Promise<T>,
): Promise<T> {
  const bus = await reachable(context);
  try {
    return await work(bus);
  } finally {
    await bus.stop();
  }
}
