import { jetstreamManager } from "@nats-io/jetstream";
import { streams } from "@sallyport/contracts";
import { z } from "zod";
import type { Bus } from "./connect.ts";

export type Durability = "fsync" | "replicated" | "buffered";

/** What an acknowledgement is worth, as far as the server lets it be seen. */
export interface SeenDurability {
  readonly replicas: number;
  /** Whether each message is on the disk before it is acknowledged; null when that cannot be read. */
  readonly syncAlways: boolean | null;
  /** What that amounts to; what cannot be seen counts as `buffered`. */
  readonly worth: Durability;
}

const Jsz = z.object({
  config: z.object({ sync_always: z.boolean().optional(), sync_interval: z.number().optional() }),
});

/** Reads replicas of the partition's record and, where `monitoring` (`http://host:port`) answers, the sync interval. */
export async function seeDurability(
  bus: Bus,
  options: { partition?: number; monitoring?: string } = {},
): Promise<SeenDurability> {
  const manager = await jetstreamManager(bus.nats, { checkAPI: false, timeout: 5000 });
  const { config } = await manager.streams.info(streams.record(options.partition ?? 0));
  const replicas = config.num_replicas;
  const syncAlways = options.monitoring === undefined ? null : await readSync(options.monitoring);
  return { replicas, syncAlways, worth: worthOf(replicas, syncAlways) };
}

function worthOf(replicas: number, syncAlways: boolean | null): Durability {
  if (syncAlways === true) return "fsync";
  return replicas >= 3 ? "replicated" : "buffered";
}

/** Whether what was seen is at least what config asks for. */
export function isDurableEnough(wanted: Durability, seen: SeenDurability): boolean {
  switch (wanted) {
    case "buffered":
      return true;
    case "replicated":
      return seen.replicas >= 3;
    case "fsync":
      return seen.syncAlways === true;
  }
}

async function readSync(monitoring: string): Promise<boolean | null> {
  try {
    const answer = await fetch(new URL("/jsz", monitoring), { signal: AbortSignal.timeout(2000) });
    const parsed = Jsz.safeParse(await answer.json());
    return parsed.success ? (parsed.data.config.sync_always ?? false) : null;
  } catch {
    return null;
  }
}
