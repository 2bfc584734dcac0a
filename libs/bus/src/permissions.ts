import { buckets, inboxes, queues, streams, subjects } from "@sallyport/contracts";
import type { BusUser } from "./credentials.ts";

/** Subjects a user may publish and subscribe to; whatever is not listed is forbidden. */
export interface Permissions {
  readonly publish: readonly string[];
  readonly subscribe: readonly string[];
}

const bucketStream = (bucket: string): string => `KV_${bucket}`;
const bucketKeys = (bucket: string): string => `$KV.${bucket}.>`;
const directGet = (bucket: string): string =>
  `$JS.API.DIRECT.GET.${bucketStream(bucket)}.${bucketKeys(bucket)}`;
const streamInfo = (stream: string): string => `$JS.API.STREAM.INFO.${stream}`;

/** Reading and watching a bucket. */
const readBucket = (bucket: string): string[] => [
  directGet(bucket),
  `$JS.API.CONSUMER.CREATE.${bucketStream(bucket)}.*.${bucketKeys(bucket)}`,
  `$JS.FC.${bucketStream(bucket)}.>`,
];

/** What a server tells of connections, in its system account, where it alone may publish what it tells. */
export const serverSubjects = {
  /** Somebody connected, in any account. */
  connected: "$SYS.ACCOUNT.*.CONNECT",
  /** Asks each server for its connections, also those that are over. */
  connections: "$SYS.REQ.SERVER.PING.CONNZ",
} as const;

/** The table of design §4, generalised to any number of workers and partitions. */
export function permissionsOf(
  { role, user, partition }: Pick<BusUser, "role" | "user" | "partition">,
  partitions: number,
): Permissions {
  const gate = `${inboxes.gate(user)}.>`;
  const replies = `${inboxes.reply(user)}.>`;
  const every = Array.from({ length: partitions }, (_, index) => index);
  const anyRecord = (writer: string, kind: string): string => `sp.rec.*.${writer}.${kind}`;
  switch (role) {
    case "worker":
      return {
        publish: [
          subjects.record(partition, user, "command"),
          subjects.record(partition, user, "event"),
          subjects.output(partition, user),
          subjects.verify,
          subjects.release(user),
          subjects.cancel,
          streamInfo(streams.record(partition)),
          streamInfo(streams.output(partition)),
          ...readBucket(buckets.bundle),
          ...readBucket(buckets.revocations),
        ],
        subscribe: [
          gate,
          replies,
          subjects.record(partition, user, "verdict"),
          subjects.controlOf(user),
          subjects.controlAll,
          subjects.cancel,
          subjects.beat,
        ],
      };
    case "policy":
      return {
        publish: [
          anyRecord("*", "verdict"),
          "$KV.approvals.hold.*",
          directGet(buckets.approvals),
          directGet(buckets.revocations),
          ...readBucket(buckets.bundle),
        ],
        subscribe: [
          gate,
          ...[subjects.commands, subjects.judge, subjects.releases].map(
            (subject) => `${subject} ${queues.policy}`,
          ),
          subjects.beat,
        ],
      };
    case "approval":
      return {
        publish: [
          anyRecord("*", "approval"),
          "$KV.approvals.answer.*",
          "$KV.approvals.notice.*",
          subjects.judge,
          subjects.verify,
          ...every.map((index) => `$JS.API.DIRECT.GET.${streams.output(index)}`),
          ...readBucket(buckets.approvals),
          ...readBucket(buckets.bundle),
          ...readBucket(buckets.revocations),
        ],
        subscribe: [gate, replies],
      };
    case "authn":
      return {
        publish: [
          `${inboxes.reply("*")}.>`,
          subjects.beat,
          "sp.ctl.*.>",
          anyRecord(user, "event"),
          bucketKeys(buckets.revocations),
          ...readBucket(buckets.revocations),
          "$KV.handles.handle.*",
          directGet(buckets.handles),
          streamInfo(bucketStream(buckets.revocations)),
          streamInfo(bucketStream(buckets.bundle)),
        ],
        subscribe: [
          gate,
          `${subjects.verify} ${queues.authn}`,
          `${subjects.revoke} ${queues.authn}`,
        ],
      };
    case "recorder":
      return {
        publish: [
          ...every
            .flatMap((index) => [streams.record(index), streams.output(index)])
            .flatMap((stream) =>
              ["DIRECT.GET", "STREAM.MSG.GET", "STREAM.PURGE", "STREAM.INFO"].map(
                (call) => `$JS.API.${call}.${stream}`,
              ),
            ),
          "$KV.leases.*",
          directGet(buckets.leases),
          "sp.ctl.*.end",
          ...readBucket(buckets.bundle),
        ],
        subscribe: [gate, subjects.beat],
      };
    case "operator":
      return {
        publish: [
          bucketKeys(buckets.bundle),
          "sp.ctl.>",
          subjects.revoke,
          anyRecord(user, "event"),
          streamInfo(">"),
          ...Object.values(buckets)
            .filter((bucket) => bucket !== buckets.handles)
            .flatMap(readBucket),
        ],
        subscribe: [gate, replies],
      };
    case "witness":
      return {
        publish: [serverSubjects.connections],
        subscribe: [gate, serverSubjects.connected],
      };
    case "setup":
      return { publish: [">"], subscribe: [gate] };
  }
}
