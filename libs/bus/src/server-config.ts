import type { BusUser } from "./credentials.ts";
import { permissionsOf } from "./permissions.ts";

export interface ServerConfigOptions {
  readonly users: readonly BusUser[];
  /** Where it listens; 127.0.0.1 when left out. */
  readonly host?: string;
  readonly port: number;
  /** Left out where the command line gives it (the server takes one of the two). */
  readonly storeDirectory?: string;
  readonly partitions?: number;
  /** Bytes of disk that JetStream may take; all that is free when left out. */
  readonly maxStore?: number;
  /** `fsync`: every message is on the disk before it is acknowledged. */
  readonly durability?: "fsync" | "replicated" | "buffered";
  /** A file for its log, kept below 10 MB with the four before it; standard error when left out. */
  readonly logFile?: string;
  /** Address of the monitoring page, where the sync interval can be read. */
  readonly monitoring?: { readonly host: string; readonly port: number };
  /** Of several servers: this one's name, where it listens for the others, and where they do (`host:port`). */
  readonly cluster?: {
    readonly name: string;
    readonly server: string;
    readonly listen: string;
    readonly routes: readonly string[];
  };
}

/** The largest message that a server must take, in bytes. */
export const maxPayload = 4 * 1024 * 1024;

/**
 * The server lets go of a client that is silent for so many pings, in seconds: 6 s. Until then a frozen or cut-off
 * member of a queue group gets its share of what others could answer; by default that is for minutes.
 */
const pingEvery = 2;
const pingsMissed = 2;

const text = (value: string): string => JSON.stringify(value);
const list = (subjects: readonly string[]): string =>
  subjects.map((subject) => `          ${text(subject)}`).join("\n");

/** A nats-server configuration with a user per service and a key per worker, each with its row of the table. */
export function natsServerConfig(options: ServerConfigOptions): string {
  const partitions = options.partitions ?? 1;
  const blockOf = (user: BusUser): string => {
    const { publish, subscribe } = permissionsOf(user, partitions);
    return `    { # ${user.user}
      nkey: ${user.publicKey}
      permissions: {
        publish: { allow: [
${list(publish)}
        ] }
        subscribe: { allow: [
${list(subscribe)}
        ] }
      }
    }`;
  };
  const isWitness = ({ role }: BusUser): boolean => role === "witness";
  const users = options.users.filter((user) => !isWitness(user)).map(blockOf);
  const witnesses = options.users.filter(isWitness).map(blockOf);
  // The servers tell of connections in their system account, where no other user of ours is.
  const accounts =
    witnesses.length === 0
      ? ""
      : `accounts: {
  $SYS: { users: [
${witnesses.join("\n")}
  ] }
}
`;
  const jetstream = [
    options.storeDirectory === undefined ? "" : `  store_dir: ${text(options.storeDirectory)}\n`,
    options.maxStore === undefined ? "" : `  max_file_store: ${options.maxStore}\n`,
    options.durability === "fsync" ? "  sync_interval: always\n" : "",
  ].join("");
  const monitoring = options.monitoring
    ? `http: ${text(`${options.monitoring.host}:${options.monitoring.port}`)}\n`
    : "";
  const log =
    options.logFile === undefined
      ? ""
      : `log_file: ${text(options.logFile)}
logfile_size_limit: 10MB
logfile_max_num: 5
`;
  const cluster = options.cluster
    ? `server_name: ${text(options.cluster.server)}
cluster: {
  name: ${text(options.cluster.name)}
  listen: ${text(options.cluster.listen)}
  routes: [${options.cluster.routes.map((route) => text(`nats-route://${route}`)).join(", ")}]
  ping_interval: "${pingEvery}s"
  ping_max: ${pingsMissed}
}
`
    : "";
  return `listen: ${text(`${options.host ?? "127.0.0.1"}:${options.port}`)}
ping_interval: "${pingEvery}s"
ping_max: ${pingsMissed}
${monitoring}${log}${cluster}max_payload: ${maxPayload}
jetstream: {
${jetstream}}
authorization: {
  users: [
${users.join("\n")}
  ]
}
${accounts}`;
}
