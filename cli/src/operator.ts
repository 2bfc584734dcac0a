import { connectBus, readCredentials, type Bus } from "@sallyport/bus";
import { Alarms, openLog } from "@sallyport/runtime";
import { CliError } from "./cli-error.ts";
import type { CliContext } from "./context.ts";
import { connectionName } from "./operator-name.ts";

/**
 * Connects to the bus as the operator, whose key `sally up` leaves in its data directory (or the config's
 * `nats.credentials` has); the caller stops it.
 */
async function connectOperator(context: CliContext): Promise<Bus> {
  const { servers, credentials } = context.cluster();
  const log = openLog("sally", "error");
  try {
    return await connectBus({
      servers,
      credentials: await readCredentials(credentials, "operator"),
      name: connectionName(context.command),
      log,
      alarms: new Alarms(log),
      patience: 3000,
    });
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
  const bus = await connectOperator(context);
  try {
    return await work(bus);
  } finally {
    await bus.stop();
  }
}
