import { setTimeout as delay } from "node:timers/promises";
import { Bucket, type Bus } from "@sallyport/bus";
import { ArchivedBundle, buckets, keys } from "@sallyport/contracts";
import type { Applied } from "./apply-bundle.ts";

/** Milliseconds that a recorder may take, and that one may take to be there at all. */
const patience = { archiving: 15_000, absent: 5000 };

/**
 * Waits until a recorder says that the bundle is in the archive: before, it lies on the bus alone, and if that loses its
 * storage, the evidence names what was judged by it and lacks it. `absent`: no recorder says anything.
 */
export async function awaitArchived(
  bus: Bus,
  { revision, sha256 }: Applied,
): Promise<"archived" | "late" | "absent"> {
  const bucket = new Bucket(bus, buckets.leases, ArchivedBundle);
  const began = performance.now();
  let heard = false;
  for (;;) {
    const told = (await bucket.get(keys.archivedBundle))?.value;
    if (told?.revision === revision && (sha256 === null || told.sha256 === sha256))
      return "archived";
    heard ||= told !== undefined;
    const waited = performance.now() - began;
    if (waited > (heard ? patience.archiving : patience.absent)) return heard ? "late" : "absent";
    await delay(50);
  }
}
