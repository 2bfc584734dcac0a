import type { Held } from "../gate.ts";
import { noticeFrame } from "./refusal.ts";

/** What a waiting client is told: for what, whose answer, the hold's id, the time left. */
export function holdNotice({ verdict, until, before }: Held, now: number): Buffer {
  const { hold, holds } = verdict;
  const asks = holds.map(
    ({ policy, group, quorum, reason }) =>
      `policy ${policy} asks ${quorum === 1 ? "one person" : `${quorum} persons`} of ${group}` +
      (reason === undefined ? "" : `: ${reason}`),
  );
  return noticeFrame(
    (before === null
      ? "waiting for an approval"
      : `the approval of hold ${before} passed another command; waiting for the next one`) +
      `: hold ${hold?.id ?? ""}, ${timeLeft(until - now)} left`,
    asks.join("\n"),
    `they answer with \`sally approvals approve ${hold?.id ?? ""}\`; cancel to wait no longer`,
  );
}

function timeLeft(millis: number): string {
  const seconds = Math.max(0, Math.ceil(millis / 1000));
  return seconds < 120 ? `${seconds} s` : `${Math.ceil(seconds / 60)} min`;
}
