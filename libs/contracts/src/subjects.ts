/** The only place that spells a subject, stream, bucket or inbox prefix. */

export type RecordKind = "command" | "event" | "verdict" | "approval";

export const subjects = {
  record: (partition: number, writer: string, kind: RecordKind): string =>
    `sp.rec.${partition}.${writer}.${kind}`,
  recordAll: (partition: number): string => `sp.rec.${partition}.>`,
  commands: "sp.rec.*.*.command",
  output: (partition: number, writer: string): string => `sp.out.${partition}.${writer}`,
  outputAll: (partition: number): string => `sp.out.${partition}.*`,
  verify: "sp.authn.verify",
  revoke: "sp.authn.revoke",
  judge: "sp.policy.judge",
  release: (worker: string): string => `sp.policy.release.${worker}`,
  releases: "sp.policy.release.*",
  control: (worker: string, order: string): string => `sp.ctl.${worker}.${order}`,
  controlOf: (worker: string): string => `sp.ctl.${worker}.>`,
  controlAll: "sp.ctl.all.>",
  cancel: "sp.cancel",
  beat: "sp.beat",
} as const;

/** Queue groups: one process of a service answers each message. */
export const queues = { policy: "policy", authn: "authn" } as const;

export const streams = {
  record: (partition: number): string => `RECORD_${partition}`,
  output: (partition: number): string => `OUTPUT_${partition}`,
} as const;

export const buckets = {
  bundle: "bundle",
  approvals: "approvals",
  revocations: "revocations",
  leases: "leases",
  handles: "handles",
} as const;

/** Keys in the buckets. */
export const keys = {
  bundle: "current",
  hold: (hash: string): string => `hold.${hash}`,
  answer: (hold: string): string => `answer.${hold}`,
  /** `delivery`: the hash of what is told to which webhook, as Notice has it. */
  notice: (delivery: string): string => `notice.${delivery}`,
  /** `hash`: the SHA-256 of the handle, which itself is stored nowhere. */
  handle: (hash: string): string => `handle.${hash}`,
  lease: (partition: number): string => `partition-${partition}`,
  /** In the bucket of leases: the latest bundle that a recorder has put into the archive, told again and again. */
  archivedBundle: "bundle",
  /** `principal` is written in base64url, because ids hold any character. */
  revocation: (principal: string): string =>
    `principal.${Buffer.from(principal, "utf8").toString("base64url")}`,
  /** authn writes it when every revocation of the archive is in the bucket. */
  revocationsComplete: "complete",
} as const;

/** Inbox prefixes: the gate's (nobody may publish there; PubAcks and reads) and that of replies. */
export const inboxes = {
  gate: (user: string): string => `_G.${user}`,
  reply: (user: string): string => `_R.${user}`,
} as const;

export interface RecordSubject {
  readonly partition: number;
  readonly writer: string;
  readonly kind: RecordKind;
}

/** Reads `sp.rec.<partition>.<writer>.<kind>`; null when it is none. */
export function parseRecordSubject(subject: string): RecordSubject | null {
  const match =
    /^sp\.rec\.(\d{1,4})\.([a-z][a-z0-9-]{0,62})\.(command|event|verdict|approval)$/.exec(subject);
  if (!match) return null;
  return { partition: Number(match[1]), writer: match[2] ?? "", kind: match[3] as RecordKind };
}

/** The id of a worker's or service's name from the last token of a subject such as a release. */
export const lastToken = (subject: string): string => subject.slice(subject.lastIndexOf(".") + 1);
