import type { CommandId, SessionId } from "@sallyport/contracts";

/**
 * What a check found. `broken`: evidence is missing, changed, or contradicts itself. `note`: it is whole and says
 * that something was not known or not kept.
 */
export interface Finding {
  readonly code: FindingCode;
  readonly severity: "broken" | "note";
  readonly text: string;
  /** The archive's object that it is about. */
  readonly object?: string;
  readonly session?: SessionId;
  readonly command?: CommandId;
}

export type FindingCode =
  // The chain of manifests.
  | "manifest-missing"
  | "manifest-unreadable"
  | "chain-broken"
  | "signature-wrong"
  | "key-unknown"
  | "chain-cut"
  | "sequence-gap"
  | "stream-hole"
  | "set-back"
  | "bundle-missing"
  // A manifest's objects.
  | "object-missing"
  | "object-changed"
  | "object-unnamed"
  | "segment-incomplete"
  | "index-differs"
  | "anomaly"
  // A session.
  | "session-missing"
  | "no-open"
  | "not-closed"
  | "event-missing"
  | "event-after-close"
  | "hash-chain-broken"
  | "conflict"
  | "foreign-writer"
  | "no-result"
  | "no-verdict"
  | "verdict-differs"
  | "executed-without-pass"
  | "output-missing"
  | "output-changed";

/** What a finding is about, where it is about one thing. */
export type About = Pick<Finding, "object" | "session" | "command">;

export const broken = (code: FindingCode, text: string, about: About = {}): Finding => ({
  code,
  severity: "broken",
  text,
  ...about,
});

export const note = (code: FindingCode, text: string, about: About = {}): Finding => ({
  code,
  severity: "note",
  text,
  ...about,
});
