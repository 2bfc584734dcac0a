import type { KeyObject } from "node:crypto";
import type { ArchiveStore } from "./archive-store.ts";
import { checkLink } from "./check-link.ts";
import { checkObjects } from "./check-objects.ts";
import { broken, type Finding, type FindingCode } from "./finding.ts";
import { keyId, manifestKey, readManifest, type ReadManifest } from "./manifest.ts";

export interface ChainReport {
  readonly manifests: number;
  readonly findings: readonly Finding[];
}

/** One link as it was found, and what is wrong with it and with what it names. */
export interface CheckedLink {
  /** Null when it cannot be read. */
  readonly read: ReadManifest | null;
  readonly n: number;
  /** Whether its objects were looked at, too. */
  readonly whole: boolean;
  readonly findings: readonly Finding[];
}

export interface FollowOptions {
  /** Public keys, one of which signed each manifest; without any, signatures are not verified. */
  readonly keys: readonly KeyObject[];
  /** Of manifests that were written before (milliseconds), objects are not read, nor losses told that they name. */
  readonly since?: number;
}

/** What a manifest itself tells of losses: of an old one it is known. */
const losses: ReadonlySet<FindingCode> = new Set(["stream-hole", "set-back", "bundle-missing"]);

/** Manifests that are read side by side, each with its objects: a far store answers each one slowly. */
const readAtOnce = 8;

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
  let manifests = 0;
  const keys = publicKey === undefined ? [] : [publicKey];
  for await (const link of followChain(store, partition, { keys })) {
    if (link.n > 0) manifests += 1;
    for (const finding of link.findings) findings.push(finding);
  }
  return { manifests, findings };
}

/** The same link by link. One whose number is 0 is no link: a key that is no manifest's lies among them. */
export async function* followChain(
  store: ArchiveStore,
  partition: number,
  options: FollowOptions,
): AsyncIterable<CheckedLink> {
  let previous: ReadManifest | null = null;
  let expected = 1;
  for await (const { key, n, read, objects } of readLinks(store, partition, options)) {
    const findings: Finding[] = [];
    if (n === 0) {
      const text = `\`${key}\` is no manifest's name`;
      findings.push(broken("manifest-unreadable", text, { object: key }));
      yield { read, n, whole: false, findings };
      continue;
    }
    if (n !== expected) findings.push(missing(partition, expected, n - 1));
    expected = n + 1;
    if (read === null) {
      const text = `\`${key}\` cannot be read`;
      findings.push(broken("manifest-unreadable", text, { object: key }));
    } else {
      const { manifest } = read;
      if (manifest.n !== n || manifest.partition !== partition)
        findings.push(
          broken("chain-broken", `\`${key}\` says that it is another manifest`, { object: key }),
        );
      findings.push(...checkSignature(read, key, n, options.keys));
      if (previous !== null || n === 1)
        for (const finding of checkLink(previous, read, key))
          if (isWanted(read, options) || !losses.has(finding.code)) findings.push(finding);
      // Not spread into a call, which takes some 100,000: a segment has a finding for each anomaly.
      for (const finding of objects) findings.push(finding);
    }
    yield { read, n, whole: read !== null && isWanted(read, options), findings };
    previous = read;
  }
}

interface LinkAt {
  readonly key: string;
  readonly n: number;
  readonly read: ReadManifest | null;
  readonly objects: readonly Finding[];
}

async function* readLinks(
  store: ArchiveStore,
  partition: number,
  options: FollowOptions,
): AsyncIterable<LinkAt> {
  const ahead: Promise<LinkAt>[] = [];
  for await (const key of store.list(`manifests/${partition}/`)) {
    const link = readLink(store, partition, key, options);
    // It is awaited in its turn; should an earlier one reject, nobody waits for this one.
    link.catch(() => undefined);
    ahead.push(link);
    if (ahead.length === readAtOnce) yield await (ahead.shift() as Promise<LinkAt>);
  }
  for (const link of ahead) yield await link;
}

async function readLink(
  store: ArchiveStore,
  partition: number,
  key: string,
  options: FollowOptions,
): Promise<LinkAt> {
  const n = Number(/(\d+)\.json$/.exec(key)?.[1]);
  if (key !== manifestKey(partition, n)) return { key, n: 0, read: null, objects: [] };
  const read = tryRead((await store.get(key)) ?? Buffer.alloc(0));
  const objects =
    read !== null && isWanted(read, options) ? await checkObjects(store, read.manifest) : [];
  return { key, n, read, objects };
}

const isWanted = ({ manifest }: ReadManifest, { since = 0 }: FollowOptions): boolean =>
  manifest.time >= since;

function tryRead(bytes: Buffer): ReadManifest | null {
  try {
    return readManifest(bytes);
  } catch {
    return null;
  }
}

function missing(partition: number, first: number, last: number): Finding {
  const which = first === last ? String(first) : `${first} to ${last}`;
  const verb = first === last ? "is" : "are";
  return broken("manifest-missing", `manifest ${which} ${verb} missing`, {
    object: manifestKey(partition, first),
  });
}

function checkSignature(
  read: ReadManifest,
  key: string,
  n: number,
  keys: readonly KeyObject[],
): Finding[] {
  if (keys.length === 0 || keys.some((one) => read.signatureFits(one))) return [];
  const about = { object: key };
  if (!keys.some((one) => keyId(one) === read.signer))
    return [
      broken("key-unknown", `manifest ${n} is signed by the unknown key ${read.signer}`, about),
    ];
  return [broken("signature-wrong", `manifest ${n} is not what the recorder signed`, about)];
}
