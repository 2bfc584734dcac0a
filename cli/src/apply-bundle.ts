import type { Bus } from "@sallyport/bus";
import type { Bundle } from "@sallyport/contracts";
import { bundleChanges } from "./bundle.ts";
import { BundleBucket } from "./bundle-bucket.ts";
import { recordAct } from "./record-act.ts";

export interface Applied {
  readonly revision: number;
  /** Empty: the bus had the same already, and its revision stays. */
  readonly changes: readonly string[];
}

/** Puts a bundle on the bus by compare-and-set, recorded as an operator's act, unless it is there already. */
export async function applyBundle(bus: Bus, bundle: Bundle): Promise<Applied> {
  const bucket = await BundleBucket.open(bus);
  const current = await bucket.read();
  const changes = bundleChanges(current?.bundle ?? null, bundle);
  if (current && changes.length === 0) return { revision: current.revision, changes };
  await recordAct(
    bus,
    "apply",
    `bundle after revision ${current?.revision ?? 0}: ${changes.join(", ")}`,
  );
  return { revision: await bucket.write(bundle, current?.revision ?? 0), changes };
}
