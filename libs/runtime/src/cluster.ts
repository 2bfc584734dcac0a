import { existsSync, readFileSync } from "node:fs";
import { z } from "zod";
import { dataDirectory, writePrivateFile } from "./data-directory.ts";
import type { LoadedConfig } from "./config.ts";

/** `cluster.json`: what `sally up` started, so that services and the CLI find it. Addresses are `host:port`. */
export const ClusterFile = z.strictObject({
  v: z.literal(1),
  pid: z.number().int(),
  servers: z.array(z.string()).min(1),
  /** The HTTP listener of each service, as a URL. */
  http: z.record(z.string(), z.string()),
  postgres: z.string().optional(),
  /** The health page of each worker, as a URL. */
  workers: z.record(z.string(), z.string()).default({}),
  /** The monitoring page of our own nats-server. */
  monitoring: z.string().optional(),
  /** Ports taken for listeners whose config says port 0, by the listener's name. */
  reserved: z.record(z.string(), z.number().int()).default({}),
  /** The PEM file of the authority that clients trust, when the listener's certificate is self-signed. */
  ca: z.string().optional(),
});
export type ClusterFile = z.infer<typeof ClusterFile>;

export interface Cluster {
  /** NATS URLs. */
  readonly servers: readonly string[];
  /** The folder of bus credentials, one file a user. */
  readonly credentials: string;
  /** The folder of keys. */
  readonly keys: string;
}

export function writeCluster(data: string, cluster: ClusterFile): void {
  writePrivateFile(dataDirectory(data).cluster, `${JSON.stringify(cluster, null, 2)}\n`);
}

/** Null when nothing was started with this data directory. */
export function readCluster(data: string): ClusterFile | null {
  const file = dataDirectory(data).cluster;
  if (!existsSync(file)) return null;
  const parsed = ClusterFile.safeParse(JSON.parse(readFileSync(file, "utf8")));
  if (!parsed.success)
    throw new Error(`\`${file}\` is not of this version: start \`sally up\` again`);
  return parsed.data;
}

/** Where the bus and the keys are: from `nats` and `keys` of the config, else from what `sally up` left in `data`. */
export function clusterOf({ config, data }: { config: LoadedConfig; data: string }): Cluster {
  const directory = dataDirectory(data);
  const { nats, keys } = config.config;
  const keysDirectory = keys ? config.resolve(keys.directory) : directory.keys;
  if (nats)
    return {
      servers: nats.servers,
      credentials: config.resolve(nats.credentials),
      keys: keysDirectory,
    };
  const running = readCluster(data);
  if (!running)
    throw new Error(
      `nothing runs from \`${directory.path}\`: start \`sally up\`, or name \`nats\` in the config`,
    );
  return { servers: running.servers, credentials: directory.credentials, keys: keysDirectory };
}
