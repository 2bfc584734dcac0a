import { hostname } from "node:os";
import type { Config } from "@sallyport/contracts";
import type { ListenerName } from "@sallyport/runtime";
import { requireFree, reservePort } from "./ports.ts";
import type { ServiceName } from "./service.ts";

/**
 * Looks whether the listeners of the services that start are free, and reserves a port where config says 0. Workers
 * share the PostgreSQL port; their health pages are their own, on a free port each when they are several.
 */
export async function reserveListeners(
  config: Config,
  services: readonly ServiceName[],
): Promise<Record<string, number>> {
  const reserved: Record<string, number> = {};
  for (const service of services) {
    const names: ListenerName[] = service === "proxy" ? ["postgres", "proxy"] : [service];
    for (const name of names) {
      const { address } = config.listen[name];
      if (address.port !== 0) await requireFree(`listen.${name}`, address);
      else if (name !== "proxy") reserved[name] = await reservePort(address.host);
    }
  }
  return reserved;
}

/** What clients may call the PostgreSQL listener. */
export function certificateNames({ listen: { postgres } }: Config): string[] {
  const { host } = postgres.address;
  const any = host === "0.0.0.0" || host === "::";
  return [...new Set(["localhost", "127.0.0.1", "::1", hostname(), ...(any ? [] : [host])])];
}
