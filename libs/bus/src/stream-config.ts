import {
  DiscardPolicy,
  RetentionPolicy,
  StorageType,
  StoreCompression,
  type StreamConfig,
} from "@nats-io/jetstream";
import { buckets, streams, subjects } from "@sallyport/contracts";
import { maxPayload } from "./server-config.ts";

export interface Layout {
  readonly partitions: number;
  /** Sizes of each RECORD and OUTPUT stream in bytes. */
  readonly recordBytes: number;
  readonly outputBytes: number;
  readonly replicas: number;
}

/** A stream's whole configuration; every field that is not here must be off. */
export type WantedStream = Partial<StreamConfig> & { readonly name: string };

const nanos = (milliseconds: number): number => milliseconds * 1_000_000;
const MiB = 1024 * 1024;

/** What the server takes by default; no message of ours has an id. In milliseconds. */
const duplicateWindow = 120_000;

const common = {
  retention: RetentionPolicy.Limits,
  storage: StorageType.File,
  discard: DiscardPolicy.New,
  compression: StoreCompression.None,
  allow_direct: true,
  deny_delete: true,
  max_consumers: -1,
  max_msgs: -1,
  duplicate_window: nanos(duplicateWindow),
};

/** The life of a lease whose holder is gone, in milliseconds. */
export const leaseLife = 10_000;

/** A hold that nobody touches for so long leaves the bucket, used or not, in milliseconds. */
const holdLife = 30 * 86_400_000;

/** The longest life of a handle, whatever its token says, in milliseconds. */
export const handleLife = 86_400_000;

const bucketShapes: Record<string, { history: number; maxBytes: number; maxAge: number }> = {
  /** The recorder copies revisions into the archive before they leave the history. */
  [buckets.bundle]: { history: 64, maxBytes: 64 * 4 * MiB, maxAge: 0 },
  [buckets.approvals]: { history: 1, maxBytes: 256 * MiB, maxAge: holdLife },
  [buckets.revocations]: { history: 1, maxBytes: 64 * MiB, maxAge: 0 },
  [buckets.leases]: { history: 1, maxBytes: MiB, maxAge: leaseLife },
  [buckets.handles]: { history: 1, maxBytes: 64 * MiB, maxAge: handleLife },
};

/** Every stream of ours, the buckets among them. */
export function wantedStreams(layout: Layout): WantedStream[] {
  const partitions = Array.from({ length: layout.partitions }, (_, index) => index);
  const shared = { ...common, num_replicas: layout.replicas };
  return [
    ...partitions.flatMap((index) => [
      {
        ...shared,
        name: streams.record(index),
        subjects: [subjects.recordAll(index)],
        max_bytes: layout.recordBytes,
        max_msg_size: maxPayload,
        max_msgs_per_subject: -1,
      },
      {
        ...shared,
        name: streams.output(index),
        subjects: [subjects.outputAll(index)],
        max_bytes: layout.outputBytes,
        max_msg_size: maxPayload,
        max_msgs_per_subject: -1,
      },
    ]),
    ...Object.entries(bucketShapes).map(([bucket, { history, maxBytes, maxAge }]) => ({
      ...shared,
      name: `KV_${bucket}`,
      subjects: [`$KV.${bucket}.>`],
      max_bytes: maxBytes,
      max_msg_size: maxPayload,
      max_msgs_per_subject: history,
      ...(maxAge > 0 && {
        max_age: nanos(maxAge),
        duplicate_window: nanos(Math.min(maxAge, duplicateWindow)),
      }),
    })),
  ];
}

/** What a field that is off may look like; the server adds metadata of its own under `_nats.`. */
function isOff(value: unknown): boolean {
  if (value === undefined || value === null || value === false || value === 0 || value === "")
    return true;
  return typeof value === "object" && Object.keys(value).length === 0;
}

function withoutOwnMetadata(field: string, value: unknown): unknown {
  if (field !== "metadata" || typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).filter(([key]) => !key.startsWith("_nats.")));
}

/** Where a stream's configuration is not ours, a line a field; empty when it is. */
export function differences(wanted: WantedStream, found: Readonly<object>): string[] {
  const want = new Map<string, unknown>(Object.entries(wanted));
  const have = new Map<string, unknown>(Object.entries(found));
  return [...new Set([...want.keys(), ...have.keys()])].flatMap((field) => {
    const a = want.get(field);
    const b = withoutOwnMetadata(field, have.get(field));
    if ((isOff(a) && isOff(b)) || JSON.stringify(a) === JSON.stringify(b)) return [];
    return [`\`${field}\` is ${JSON.stringify(b) ?? "unset"}, not ${JSON.stringify(a) ?? "off"}`];
  });
}
