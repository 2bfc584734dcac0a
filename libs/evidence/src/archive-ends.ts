import { Sha256 } from "@sallyport/contracts";
import { z } from "zod";

/**
 * Where each partition's chain ended when somebody looked, by partition: kept away from the archive it tells that an
 * end was cut off, or that somebody who has the signing key wrote another history.
 */
export const ArchiveEnds = z.strictObject({
  v: z.literal(1),
  type: z.literal("archive-ends"),
  ends: z.record(
    z.string().regex(/^(0|[1-9]\d{0,3})$/),
    z.strictObject({ n: z.number().int().min(1), sha256: Sha256 }),
  ),
});
export type ArchiveEnds = z.infer<typeof ArchiveEnds>;
