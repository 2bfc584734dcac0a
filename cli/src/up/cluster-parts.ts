import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import {
  busUser,
  connectBus,
  createCredentials,
  isDurableEnough,
  readCredentials,
  seeDurability,
  setUpBus,
  type Bus,
  type BusUser,
  type Layout,
} from "@sallyport/bus";
import type { Config } from "@sallyport/contracts";
import { Alarms, openLog, type DataDirectory, type LoadedConfig } from "@sallyport/runtime";
import { CliError } from "../cli-error.ts";
import { connectionName } from "../operator-name.ts";

/** One partition; a deployment generation's number of them is fixed. */
export const partitions = 1;

export const layoutOf = (config: Config): Layout => ({
  partitions,
  recordBytes: config.limits.record,
  outputBytes: config.limits.output,
  replicas: config.durability === "replicated" ? 3 : 1,
});

/** Makes the missing keys of all users, for a nats-server of our own. `made`: whose were missing. */
export async function makeUsers(
  data: DataDirectory,
  workers: readonly string[],
): Promise<{ readonly users: BusUser[]; readonly made: string[] }> {
  const before = new Set(existsSync(data.credentials) ? readdirSync(data.credentials) : []);
  const all = await createCredentials(data.credentials, { workers, partitions });
  return {
    users: all.map(busUser),
    made: all.map(({ user }) => user).filter((user) => !before.has(`${user}.json`)),
  };
}

/** The workers whose keys are in the credentials folder of a `nats` of the config, at most `limit`. */
export async function workersOf(directory: string, limit: number | undefined): Promise<string[]> {
  const users = readdirSync(directory)
    .filter((file) => file.endsWith(".json"))
    .map((file) => file.slice(0, -".json".length));
  const all = await Promise.all(users.toSorted().map((user) => readCredentials(directory, user)));
  const workers = all.filter(({ role }) => role === "worker").map(({ user }) => user);
  if (limit !== undefined && workers.length < limit)
    throw new CliError(`\`${directory}\` has keys of ${workers.length} workers, not of ${limit}`, {
      hint: "each worker has its own key: make more with infra/nats/, or ask for fewer",
    });
  return workers.slice(0, limit ?? 1);
}

export async function connectAs(
  user: "setup" | "operator",
  servers: readonly string[],
  directory: string,
  command: string,
): Promise<Bus> {
  const log = openLog("sally", "error");
  return connectBus({
    servers,
    credentials: await readCredentials(directory, user),
    name: connectionName(command),
    log,
    alarms: new Alarms(log),
    patience: 10_000,
  });
}

/** Makes and compares streams and buckets, when the set-up key is here. Says whether it was. */
export async function setUp(
  servers: readonly string[],
  directory: string,
  loaded: LoadedConfig,
  command: string,
): Promise<boolean> {
  if (!existsSync(join(directory, "setup.json"))) return false;
  const bus = await connectAs("setup", servers, directory, command);
  try {
    await setUpBus(bus, layoutOf(loaded.config));
  } finally {
    await bus.stop();
  }
  return true;
}

/** Throws when what the server lets us see is less than config wants. */
export async function requireDurability(
  bus: Bus,
  wanted: Config["durability"],
  monitoring: string | undefined,
): Promise<void> {
  const seen = await seeDurability(bus, monitoring === undefined ? {} : { monitoring });
  if (isDurableEnough(wanted, seen)) return;
  throw new CliError(
    `config wants \`durability: ${wanted}\`, but what the bus acknowledges is worth \`${seen.worth}\`, as far as it can be seen`,
    { hint: "`sally doctor` says what to do" },
  );
}
