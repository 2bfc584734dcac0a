import { createHash, createPublicKey, sign, verify, type KeyObject } from "node:crypto";
import { Millis, Sha256 } from "@sallyport/contracts";
import { z } from "zod";

const count = z.number().int().nonnegative();
const seq = z.number().int().min(1);

/** The last archived message of a stream, which stays on the bus: by it a stream that was set back is known. */
export const Anchor = z.strictObject({ seq, time: z.string(), hash: Sha256 });
export type Anchor = z.infer<typeof Anchor>;

/** What a manifest says of one stream. */
export const StreamPart = z.strictObject({
  /** Counts from 1; one more each time the stream was found set back. Sequences are unique within one. */
  generation: z.number().int().min(1),
  /** First and last message archived here; null when there is none. */
  first: seq.nullable(),
  last: seq.nullable(),
  messages: count,
  /** Where the next manifest goes on: everything up to here is archived. */
  position: count,
  anchor: Anchor.nullable(),
  /** Sequences that the bus had lost, as runs: acknowledged and gone. */
  holes: z.array(z.tuple([seq, seq])),
  /** Before this manifest the stream was set back: what was expected, what was there. */
  setBack: z
    .strictObject({ expected: Anchor, found: z.strictObject({ first: count, last: count }) })
    .optional(),
});
export type StreamPart = z.infer<typeof StreamPart>;

export const ManifestObject = z.strictObject({
  kind: z.enum(["events", "output", "index", "bundle"]),
  key: z.string(),
  sha256: Sha256,
  bytes: count,
  revision: count.optional(),
});
export type ManifestObject = z.infer<typeof ManifestObject>;

/** One link of a partition's chain. What no manifest names is no evidence. */
export const Manifest = z.strictObject({
  v: z.literal(1),
  type: z.literal("manifest"),
  partition: count,
  /** From 1, without gaps. */
  n: z.number().int().min(1),
  /** SHA-256 of the previous manifest's file; null in the first. */
  prev: Sha256.nullable(),
  time: Millis,
  /** The recorder process that wrote it. */
  recorder: z.string().max(128),
  objects: z.array(ManifestObject),
  record: StreamPart,
  output: StreamPart,
  /** Bundle revisions that verdicts here name and that the bus no longer had. */
  missingBundles: z.array(count),
});
export type Manifest = z.infer<typeof Manifest>;

/** Room for half a million holes. A hostile one could nest as deep as it is long, which takes memory to read. */
const manifestLimit = 16 * 1024 ** 2;

const Signature = z.strictObject({ key: Sha256, signature: z.base64() });

export const manifestKey = (partition: number, n: number): string =>
  `manifests/${partition}/${String(n).padStart(12, "0")}.json`;

/** SHA-256 of a public key's SPKI encoding: which key signed. */
export function keyId(key: KeyObject): string {
  const spki = (key.type === "private" ? createPublicKey(key) : key).export({
    type: "spki",
    format: "der",
  });
  return createHash("sha256").update(spki).digest("hex");
}

/** Two lines: the manifest, and the Ed25519 signature of the first line's bytes. */
export function writeManifest(manifest: Manifest, signingKey: KeyObject): Buffer {
  const line = Buffer.from(JSON.stringify(manifest));
  const signature = {
    key: keyId(signingKey),
    signature: sign(null, line, signingKey).toString("base64"),
  };
  return Buffer.concat([line, Buffer.from(`\n${JSON.stringify(signature)}\n`)]);
}

export interface ReadManifest {
  readonly manifest: Manifest;
  /** SHA-256 of the whole file: the next one's `prev`. */
  readonly hash: string;
  readonly signer: string;
  readonly signatureFits: (publicKey: KeyObject) => boolean;
}

/** @throws Error when it is no manifest. The signature is not verified here. */
export function readManifest(bytes: Buffer): ReadManifest {
  if (bytes.length > manifestLimit) throw new Error("a manifest is not so long");
  const end = bytes.indexOf("\n");
  if (end < 0 || bytes.indexOf("\n", end + 1) !== bytes.length - 1)
    throw new Error("a manifest has two lines");
  const line = bytes.subarray(0, end);
  const manifest = Manifest.parse(JSON.parse(line.toString("utf8")));
  const { key, signature } = Signature.parse(JSON.parse(bytes.toString("utf8", end + 1)));
  return {
    manifest,
    hash: createHash("sha256").update(bytes).digest("hex"),
    signer: key,
    signatureFits: (publicKey) =>
      keyId(publicKey) === key && verify(null, line, publicKey, Buffer.from(signature, "base64")),
  };
}
