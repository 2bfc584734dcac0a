import { createHash } from "node:crypto";
import { isKey, type ArchiveStore } from "./archive-store.ts";
import { checkSegment } from "./check-segment.ts";
import { broken, type Finding } from "./finding.ts";
import type { Manifest } from "./manifest.ts";

/** Whether the objects that a manifest names are there, unchanged, and hold what it says. */
export async function checkObjects(store: ArchiveStore, manifest: Manifest): Promise<Finding[]> {
  const findings: Finding[] = [];
  const bodies = new Map<string, Buffer>();
  const read = await Promise.all(
    manifest.objects.map(async (object) => ({
      object,
      // A forged manifest may name anything.
      bytes: isKey(object.key) ? await store.get(object.key) : null,
    })),
  );
  for (const { object, bytes } of read) {
    const about = { object: object.key };
    if (bytes === null)
      findings.push(broken("object-missing", `\`${object.key}\` is missing`, about));
    else if (
      bytes.length !== object.bytes ||
      createHash("sha256").update(bytes).digest("hex") !== object.sha256
    )
      findings.push(
        broken(
          "object-changed",
          `\`${object.key}\` is not what manifest ${manifest.n} names`,
          about,
        ),
      );
    else bodies.set(object.kind, bytes);
  }
  return findings.length === 0 ? checkSegment(manifest, bodies) : findings;
}
