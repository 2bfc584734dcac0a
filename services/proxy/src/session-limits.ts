import type { EndCode, LiveSession } from "./live-sessions.ts";

/** Milliseconds; absent ones are not limited. */
export interface SessionLimits {
  /** Since a session's bytes last moved, outside a transaction. */
  readonly idle?: number | undefined;
  /** The same inside one. */
  readonly idleInTransaction?: number | undefined;
  /** Since the session was opened. */
  readonly session?: number | undefined;
}

export interface Overstayed {
  readonly code: EndCode;
  readonly params: { readonly limit: string };
}

/**
 * Milliseconds until a session must end. INVARIANT (I7): `until` is by authn's clock; a worker whose own is behind lets
 * nobody stay longer.
 */
export const timeLeft = (until: number, clock: number, authnClock: number | null): number =>
  until - Math.max(clock, authnClock ?? 0);

/** Which limit a session has passed, or null. */
export function overstayed(
  session: Pick<LiveSession, "opened" | "quiet">,
  limits: SessionLimits,
  now: number,
): Overstayed | null {
  const past = (since: number, limit: number | undefined): boolean =>
    limit !== undefined && now - since >= limit;
  if (past(session.opened, limits.session)) return over("session-too-long", limits.session);
  const { state, since } = session.quiet;
  switch (state) {
    case "idle":
      return past(since, limits.idle) ? over("session-idle", limits.idle) : null;
    case "in-transaction":
      return past(since, limits.idleInTransaction)
        ? over("idle-in-transaction", limits.idleInTransaction)
        : null;
    case "busy":
      return null;
  }
}

const over = (code: EndCode, limit = 0): Overstayed => ({
  code,
  params: { limit: durationText(limit) },
});

const units = [
  [3_600_000, "h"],
  [60_000, "m"],
  [1000, "s"],
  [1, "ms"],
] as const;

/** As config writes one: `90s`, `15m`. */
function durationText(millis: number): string {
  const [size, unit] = units.find(([one]) => millis % one === 0) ?? [1, "ms"];
  return `${millis / size}${unit}`;
}
