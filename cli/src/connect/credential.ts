import { exchangeToken } from "./exchange-token.ts";
import { unverifiedClaims } from "./token-claims.ts";
import type { TokenSource } from "./token-source.ts";

/** What a client logs in with. */
export interface Credential {
  readonly password: string;
  /** Milliseconds; null when the token does not say. */
  readonly expires: number | null;
  /** The token's subject, as a label. */
  readonly label: string;
}

const labelForm = /^[\x21-\x7e]{1,63}$/;

/** A fresh token, or its handle. @param handles authn's URL, when a handle is wanted @throws CliError */
export async function freshCredential(
  source: TokenSource,
  handles: string | null,
): Promise<Credential> {
  const token = await source.fetch();
  const { subject, expires } = unverifiedClaims(token);
  const label = subject !== null && labelForm.test(subject) ? subject : "sally";
  if (handles === null) return { password: token, expires, label };
  const issued = await exchangeToken(handles, token);
  return { password: issued.handle, expires: issued.expires, label };
}
