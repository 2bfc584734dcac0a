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

type Judged = Pick<Decision, "decision" | "reasons" | "masks" | "holds" | "policies" | "shadow">;

/**
 * The verdict's line: made once, sent again as the same bytes. What is decided comes last, so that lines that decide
 * the same end in the same way.
 */
export function verdictLine(
  { session, command, hash }: Subject,
  decision: Judged,
  { time, revision, under, trace }: Stamp,
  word?: HoldWord,
): string {
  // Ids and hashes have no character that JSON would write in another way.
  const traced = trace === undefined ? "" : `,"trace":${JSON.stringify(trace)}`;
  const end = word
    ? endingOf(decision, revision, under, word)
    : plainEnding(decision, revision, under);
  return `{"v":1,"type":"verdict","session":"${session}","command":"${command}","hash":"${hash}","time":${time}${traced},${end}`;
}

type Ending = Omit<Verdict, "v" | "type" | "session" | "command" | "hash" | "time" | "trace">;

/** The ending of each decision that was told lately, without a hold. */
const endings = new WeakMap<Judged, { revision: number; under: number; text: string }>();

function plainEnding(decision: Judged, revision: number, under: number): string {
  const known = endings.get(decision);
  if (known?.revision === revision && known.under === under) return known.text;
  const text = endingOf(decision, revision, under);
  endings.set(decision, { revision, under, text });
  return text;
}

/** `"decision":…}` */
function endingOf(decision: Judged, revision: number, under: number, word?: HoldWord): string {
  const ending: Ending = {
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
  };
  return JSON.stringify(ending).slice(1);
}
