import type { Decision } from "@sallyport/cedar";
import type { Hold, Verdict, Waiting } from "@sallyport/contracts";

/** Whom a verdict is for. */
export type Subject = Pick<Waiting, "session" | "command" | "hash">;

export interface Stamp {
  /** Milliseconds since 1970. */
  readonly time: number;
  readonly revision: number;
  readonly under: number;
  /** `traceparent` of the judgement or of the command. */
  readonly trace: string | undefined;
}

export interface HoldWord {
  readonly hold: Pick<Hold, "hold" | "key" | "expires" | "approvers">;
  readonly state: NonNullable<Verdict["hold"]>["state"];
  readonly final: boolean;
}

/** The verdict's line: made once, sent again as the same bytes. */
export function verdictLine(
  { session, command, hash }: Subject,
  decision: Pick<Decision, "decision" | "reasons" | "masks" | "holds" | "policies" | "shadow">,
  { time, revision, under, trace }: Stamp,
  word?: HoldWord,
): string {
  const verdict: Verdict = {
    v: 1,
    type: "verdict",
    session,
    command,
    hash,
    time,
    decision: decision.decision,
    final: word?.final ?? true,
    reasons: [...decision.reasons],
    masks: [...decision.masks],
    holds: [...decision.holds],
    ...(word && {
      hold: {
        id: word.hold.hold,
        key: word.hold.key,
        state: word.state,
        expires: word.hold.expires,
        approvers: [...word.hold.approvers],
      },
    }),
    policies: [...decision.policies],
    shadow: [...decision.shadow],
    revision,
    ...(under !== revision && { under }),
    ...(trace !== undefined && { trace }),
  };
  return JSON.stringify(verdict);
}
