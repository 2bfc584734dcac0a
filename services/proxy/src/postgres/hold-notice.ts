import type { Verdict } from "@sallyport/contracts";
import { noticeFrame } from "./refusal.ts";

/** What a waiting client is told: for what, whose answer, the hold's id, the time left. */
export function holdNotice(verdict: Verdict, now: number): Buffer {
  const { hold, holds } = verdict;
  const until = Math.min(hold?.expires ?? now, ...holds.map(({ wait }) => verdict.time + wait));
  const asks = holds.map(
    ({ policy, group, quorum, reason }) =>
      `policy ${policy} asks ${quorum === 1 ? "one person" : `${quorum} persons`} of ${group}` +
      (reason === undefined ? "" : `: ${reason}`),
  );
  return noticeFrame(
    `waiting for an approval: hold ${hold?.id ?? ""}, ${timeLeft(until - now)} left`,
    asks.join("\n"),
    `they answer with \`sally approvals approve ${hold?.id ?? ""}\`; cancel to wait no longer`,
  );
}

function timeLeft(millis: number): string {
  const seconds = Math.max(0, Math.ceil(millis / 1000));
  return seconds < 120 ? `${seconds} s` : `${Math.ceil(seconds / 60)} min`;
}
