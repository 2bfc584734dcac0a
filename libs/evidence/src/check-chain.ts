import { createHash, type KeyObject } from "node:crypto";
import type { ArchiveStore } from "./archive-store.ts";
import { checkSegment } from "./check-segment.ts";
import { broken, type Finding } from "./finding.ts";
import { manifestKey, readManifest, type ReadManifest, type StreamPart } from "./manifest.ts";

export interface ChainReport {
  readonly manifests: number;
  readonly findings: readonly Finding[];
}

/**
 * Follows a partition's chain from its beginning: links, signatures, sequences, every object's hash, and that each
 * segment holds what its manifest and index say. Manifests that were cut off the end leave no trace here.
 * @param publicKey of the recorder; without it signatures are not verified
 */
export async function checkChain(
  store: ArchiveStore,
  partition: number,
  publicKey?: KeyObject,
): Promise<ChainReport> {
  const findings: Finding[] = [];
  let previous: ReadManifest | null = null;
  let expected = 1;
  let manifests = 0;
  for await (const key of store.list(`manifests/${partition}/`)) {
    const n = Number(/(\d+)\.json$/.exec(key)?.[1]);
    if (key !== manifestKey(partition, n)) {
      findings.push(broken("manifest-unreadable", `\`${key}\` is no manifest's name`));
      continue;
    }
    if (n !== expected)
      findings.push(
        broken(
          "manifest-missing",
          `manifest ${n - expected === 1 ? expected : `${expected} to ${n - 1}`} is missing`,
        ),
      );
    expected = n + 1;
    manifests += 1;
    let current: ReadManifest;
    try {
      current = readManifest((await store.get(key)) ?? Buffer.alloc(0));
    } catch {
      findings.push(broken("manifest-unreadable", `\`${key}\` cannot be read`));
      previous = null;
      continue;
    }
    if (current.manifest.n !== n || current.manifest.partition !== partition)
      findings.push(broken("chain-broken", `\`${key}\` says that it is another manifest`));
    if (publicKey !== undefined && !current.signatureFits(publicKey))
      findings.push(
        broken("signature-wrong", `manifest ${n} is not signed by this recorder's key`),
      );
    if (previous !== null || n === 1) findings.push(...checkLink(previous, current));
    findings.push(...(await checkObjects(store, current)));
    previous = current;
  }
  return { manifests, findings };
}

/** What must hold between a manifest and the one before it (null before the first). */
function checkLink(previous: ReadManifest | null, current: ReadManifest): Finding[] {
  const { n, prev, record, output, missingBundles } = current.manifest;
  const findings: Finding[] = [];
  if (prev !== (previous?.hash ?? null))
    findings.push(broken("chain-broken", `manifest ${n} does not follow from the one before it`));
  findings.push(
    ...checkStream(n, "record", previous?.manifest.record ?? null, record),
    ...checkStream(n, "output", previous?.manifest.output ?? null, output),
  );
  for (const revision of missingBundles)
    findings.push(
      broken("bundle-missing", `bundle revision ${revision} was lost before it was kept`),
    );
  return findings;
}

function checkStream(
  n: number,
  name: string,
  previous: StreamPart | null,
  current: StreamPart,
): Finding[] {
  const findings: Finding[] = [];
  const { first, last, position, anchor, holes, setBack } = current;
  const gap = (why: string): void => {
    findings.push(broken("sequence-gap", `manifest ${n}, ${name}: ${why}`));
  };
  if (setBack !== undefined)
    findings.push(
      broken(
        "set-back",
        `manifest ${n}, ${name}: the stream was set back from seq ${setBack.expected.seq}, ` +
          `it held ${setBack.found.first} to ${setBack.found.last}`,
      ),
    );
  const generation = (previous?.generation ?? 1) + (setBack === undefined ? 0 : 1);
  if (current.generation !== generation)
    gap(`generation ${current.generation} instead of ${generation}`);
  const from = setBack === undefined ? (previous?.position ?? 0) : 0;
  if (position !== (last ?? from)) gap(`it goes on at ${position} after ${last ?? from}`);
  if ((anchor?.seq ?? 0) !== position)
    gap(`its anchor is ${anchor?.seq ?? 0} instead of ${position}`);
  for (const [a, b] of holes)
    findings.push(
      broken(
        "stream-hole",
        `manifest ${n}, ${name}: the bus had lost ${a === b ? `seq ${a}` : `seq ${a} to ${b}`}`,
      ),
    );
  if (first !== null) {
    let next = from + 1;
    for (const [a, b] of holes) if (a === next) next = b + 1;
    // A stream that was set back begins wherever its copy does.
    if (first < next || (first > next && !(from === 0 && current.generation > 1)))
      gap(`it begins at ${first} instead of ${next}`);
  }
  return findings;
}

async function checkObjects(store: ArchiveStore, current: ReadManifest): Promise<Finding[]> {
  const findings: Finding[] = [];
  const bodies = new Map<string, Buffer>();
  for (const object of current.manifest.objects) {
    const bytes = await store.get(object.key);
    if (bytes === null) findings.push(broken("object-missing", `\`${object.key}\` is missing`));
    else if (
      bytes.length !== object.bytes ||
      createHash("sha256").update(bytes).digest("hex") !== object.sha256
    )
      findings.push(
        broken(
          "object-changed",
          `\`${object.key}\` is not what manifest ${current.manifest.n} names`,
        ),
      );
    else bodies.set(object.kind, bytes);
  }
  if (findings.length === 0) findings.push(...checkSegment(current.manifest, bodies));
  return findings;
}
