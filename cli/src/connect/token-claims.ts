/** What a token says of itself. Nobody has verified it: good for a label and for knowing when to fetch the next. */
export interface UnverifiedClaims {
  readonly subject: string | null;
  /** Milliseconds. */
  readonly expires: number | null;
}

export function unverifiedClaims(token: string): UnverifiedClaims {
  try {
    const payload: unknown = JSON.parse(
      Buffer.from(token.split(".")[1] ?? "", "base64url").toString("utf8"),
    );
    if (typeof payload !== "object" || payload === null) return nothing;
    const { sub, exp } = payload as { sub?: unknown; exp?: unknown };
    return {
      subject: typeof sub === "string" && sub !== "" ? sub : null,
      expires: typeof exp === "number" && Number.isFinite(exp) ? exp * 1000 : null,
    };
  } catch {
    return nothing;
  }
}

const nothing: UnverifiedClaims = { subject: null, expires: null };

/**
 * Milliseconds until another token should be fetched: when four fifths of this one's rest are over. Null when it
 * does not say how long it lives.
 */
export function refreshAfter(expires: number | null, now: number): number | null {
  if (expires === null) return null;
  return Math.min(Math.max((expires - now) * 0.8, 1000), 2 ** 31 - 1);
}
