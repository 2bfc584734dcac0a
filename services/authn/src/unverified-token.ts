import { hasDuplicateMembers } from "./duplicate-members.ts";

/** What a token says before its signature was looked at: good for finding its issuer, and for nothing else. */
export interface UnverifiedToken {
  readonly algorithm: string;
  readonly type: string | undefined;
  readonly issuer: string;
  readonly subject: string;
  readonly audience: readonly string[];
  /** What was signed. */
  readonly signingInput: string;
}

/** Longest token in bytes. */
const tokenLimit = 16 * 1024;

const form = /^([\w-]+)\.([\w-]+)\.([\w-]*)$/;
const utf8 = new TextDecoder("utf-8", { fatal: true });

/** Reads a JWT in compact form; null when it is none, is too large, or can be read in two ways. */
export function readUnverified(token: string): UnverifiedToken | null {
  if (token.length > tokenLimit) return null;
  const [, protectedPart = "", payloadPart = ""] = form.exec(token) ?? [];
  const header = readObject(protectedPart);
  const claims = readObject(payloadPart);
  if (header === null || claims === null) return null;
  const { alg, typ } = header;
  if (typeof alg !== "string" || (typ !== undefined && typeof typ !== "string")) return null;
  const { iss, sub, aud } = claims;
  return {
    algorithm: alg,
    type: typ,
    issuer: typeof iss === "string" ? iss : "",
    subject: typeof sub === "string" ? sub : "",
    audience: [aud].flat().filter((one) => typeof one === "string"),
    signingInput: `${protectedPart}.${payloadPart}`,
  };
}

function readObject(part: string): Record<string, unknown> | null {
  try {
    const bytes = Buffer.from(part, "base64url");
    // Only the one canonical spelling: no stray bits at the end.
    if (bytes.toString("base64url") !== part) return null;
    const text = utf8.decode(bytes);
    const value: unknown = JSON.parse(text);
    if (typeof value !== "object" || value === null || Array.isArray(value)) return null;
    return hasDuplicateMembers(text) ? null : (value as Record<string, unknown>);
  } catch {
    return null;
  }
}
