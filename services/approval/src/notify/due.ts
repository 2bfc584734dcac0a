/** How far the clocks of two machines may differ (ms). */
const apart = 60_000;

/**
 * When what waits for `time` is due, if nothing waits for longer than `longest` (ms): what lies further ahead was written
 * before the clock was set back, or by one that was wrong, and is due now. Sent twice is less than never.
 */
export const dueBy = (time: number, now: number, longest: number): number =>
  time > now + longest + apart ? now : time;
