import type { Finding, FindingCode } from "@sallyport/evidence";

const restore =
  "look for the object in a backup, a replica or an older version of the bucket; ask who may delete there";
const compare =
  "keep it as it is; compare it with a backup, a replica or an older version, and ask who may write there";
const atTheTarget =
  "what ran stands in the target's own log; look at what became of the worker, and at `durability` of the bus";
const suspect =
  "a part of Sallyport, or whoever has its key, contradicts itself: docs/security.md says whom to suspect";

const steps: Readonly<Record<FindingCode, string>> = {
  "manifest-missing": `${restore}. Where a life-cycle rule removed the oldest, it should have left \`manifests/\` alone`,
  "manifest-unreadable": compare,
  "chain-broken": compare,
  "signature-wrong": compare,
  "key-unknown":
    "if the recorder's key was changed then, give its public half, too (--key); if not, somebody else wrote it",
  "chain-cut": restore,
  "sequence-gap": compare,
  "stream-hole": atTheTarget,
  "set-back":
    "note when the bus lost its storage; sessions of that time tell what they lack themselves",
  "bundle-missing": "look for the policies of that time in your version control",
  "object-missing": `${restore}. Where a life-cycle rule removed it, ask with --since`,
  "object-changed": compare,
  "object-unnamed":
    "verify again in a minute: a recorder at work has named it by then. If not, manifests were deleted behind the chain's end, or no recorder runs",
  "segment-incomplete": suspect,
  "index-differs": suspect,
  anomaly:
    "somebody wrote to the bus what does not belong there: the recorder raised an alarm then",
  "session-missing": atTheTarget,
  "no-open": atTheTarget,
  "not-closed": "nothing while it is open; else its worker was killed",
  "event-missing": atTheTarget,
  "event-after-close": suspect,
  "hash-chain-broken": suspect,
  conflict: suspect,
  "foreign-writer": suspect,
  "no-result": atTheTarget,
  "no-verdict": suspect,
  "verdict-differs": suspect,
  "executed-without-pass": suspect,
  "output-missing":
    "if the session has just ended, verify again in a minute; else it is lost, or its object is",
  "output-changed": compare,
};

/** What whoever reads a finding does next. */
export const nextStep = ({ code }: Finding): string => steps[code];
