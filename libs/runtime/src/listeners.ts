import type { Config } from "@sallyport/contracts";
import { readCluster } from "./cluster.ts";
import type { LoadedConfig } from "./config.ts";
import { dataDirectory } from "./data-directory.ts";
import { selfSignedFiles } from "./self-signed.ts";

export type ListenerName = keyof Config["listen"];

export interface Listener<Name extends ListenerName = ListenerName> {
  readonly address: { readonly host: string; readonly port: number };
  readonly tls: Config["listen"][Name]["tls"];
}

/**
 * Where a service listens. When config says port 0 and `sally up` has reserved a port (all workers share the
 * PostgreSQL port, and a restarted service takes its old one), it is that one.
 */
export function listenerOf<Name extends ListenerName>(
  { config, data }: { config: LoadedConfig; data: string },
  name: Name,
): Listener<Name> {
  const { address, tls } = config.config.listen[name];
  if (address.port !== 0) return { address, tls };
  const reserved = readCluster(data)?.reserved[name];
  return {
    address: reserved === undefined ? address : { host: address.host, port: reserved },
    tls,
  };
}

/** The PEM files of a listener, absolute; null with `tls: off`. Those of `self-signed` are made by `sally up`. */
export function tlsFilesOf(
  { config, data }: { config: LoadedConfig; data: string },
  name: ListenerName,
): { readonly cert: string; readonly key: string } | null {
  const { tls } = config.config.listen[name];
  if (tls === "off") return null;
  if (tls === "self-signed") return selfSignedFiles(dataDirectory(data).tls);
  return { cert: config.resolve(tls.cert), key: config.resolve(tls.key) };
}
