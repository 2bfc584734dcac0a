import { dirname, join, resolve } from "node:path";
import { Option, type Command } from "commander";
import { clusterOf, loadConfig, type Cluster, type LoadedConfig } from "@sallyport/runtime";

/** What every command is told: `--config`, `--data`, `--json`. The file is read when it is asked for. */
export interface CliContext {
  /** The command, such as `sally identity revoke`: what the bus is told. */
  readonly command: string;
  readonly json: boolean;
  /** The config file's path, as the user wrote it. */
  readonly file: string;
  /** The data directory, absolute. */
  readonly data: string;
  /** @throws {ConfigErrors} */
  config(): LoadedConfig;
  /** Where bus, credentials and keys are; throws when nothing runs. */
  cluster(): Cluster;
}

/** Adds the options that each command takes. */
export const withCommonOptions = (command: Command): Command =>
  command
    .addOption(new Option("--config <file>", "the config").default("./sallyport.yaml"))
    .addOption(
      new Option(
        "--data <dir>",
        "the data directory of `sally up` (default: .sallyport beside the config)",
      ),
    )
    .addOption(new Option("--json", "print one JSON object a line"));

export function contextOf(command: Command): CliContext {
  const options = command.optsWithGlobals<{ config: string; data?: string; json?: boolean }>();
  const data = resolve(options.data ?? join(dirname(resolve(options.config)), ".sallyport"));
  let loaded: LoadedConfig | undefined;
  const config = (): LoadedConfig => (loaded ??= loadConfig(options.config));
  return {
    command: nameOf(command),
    json: options.json === true,
    file: options.config,
    data,
    config,
    cluster: () => clusterOf({ config: config(), data }),
  };
}

const nameOf = (command: Command): string =>
  command.parent === null ? command.name() : `${nameOf(command.parent)} ${command.name()}`;
