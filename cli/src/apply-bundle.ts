import { createHash } from "node:crypto";
import { Bucket, type Bus } from "@sallyport/bus";
import { buckets, Bundle, keys } from "@sallyport/contracts";
import { bundleChanges } from "./bundle.ts";
import { CliError } from "./cli-error.ts";
import { recordAct } from "./record-act.ts";

export interface Applied {
  readonly revision: number;
  /** Of the bytes that were put on the bus; null when its revision stays. */
  readonly sha256: string | null;
  /** Empty: the bus had the same already, and its revision stays. */
  readonly changes: readonly string[];
}

export const bundleBucket = (bus: Bus): Bucket<Bundle> => new Bucket(bus, buckets.bundle, Bundle);

/** Puts a bundle on the bus by compare-and-set, recorded as an operator's act, unless it is there already. */
export async function applyBundle(bus: Bus, bundle: Bundle): Promise<Applied> {
  const bucket = bundleBucket(bus);
  const current = await bucket.get(keys.bundle);
  const changes = bundleChanges(current?.value ?? null, bundle);
  if (current && changes.length === 0) return { revision: current.revision, sha256: null, changes };
  await recordAct(
    bus,
    "apply",
    `bundle after revision ${current?.revision ?? 0}: ${changes.join(", ")}`,
  );
  const revision = current
    ? await bucket.update(keys.bundle, bundle, current.revision)
    : await bucket.create(keys.bundle, bundle);
  if (revision === null)
    throw new CliError("another bundle was applied at the same moment", {
      hint: "look at what it holds, then apply again",
    });
  const sha256 = createHash("sha256").update(JSON.stringify(bundle)).digest("hex");
  return { revision, sha256, changes };
}
