import { createHash } from "node:crypto";
import { asymmetricAlgorithms, type Issuer, type Principal } from "@sallyport/contracts";
import type { ErrorCode, Log } from "@sallyport/runtime";
import {
  calculateJwkThumbprint,
  errors,
  exportJWK,
  jwtVerify,
  type CryptoKey,
  type JWTPayload,
} from "jose";
import { KeySource, UnknownKey, type KeySourceOptions } from "./key-source.ts";
import { principalOf, UnreadableClaim } from "./principal.ts";
import { readUnverified, type UnverifiedToken } from "./unverified-token.ts";

/** Whose a token is and until when its session may last; or why not, and what is known of the caller. */
export type Checked =
  | {
      readonly kind: "verified";
      readonly principal: Principal;
      readonly until: number;
      readonly grant: Grant;
    }
  | {
      readonly kind: "refused";
      readonly code: ErrorCode;
      /** Public; more than the code's own text says. */
      readonly detail?: string;
      /** Only when the signature verified. */
      readonly principal?: Principal;
      readonly unverified?: { readonly issuer: string; readonly subject: string };
    };

/** What a token that was verified is known by afterwards, without the token. */
export interface Grant {
  /** The issuer's name in the config, and the SHA-256 of its whole entry. */
  readonly issuer: string;
  readonly entry: string;
  /** Of the key that signed, and its RFC 7638 thumbprint. */
  readonly header: { readonly alg: string; readonly kid?: string };
  readonly key: string;
  /** Milliseconds: the token's own `exp`. */
  readonly expires: number;
}

/** RFC 9068 section 2.1 and plain JWTs; tokens of other types stand for something else. */
const types = new Set([undefined, "jwt", "at+jwt", "application/at+jwt", "application/jwt"]);
/** Seconds by which clocks may differ. */
const skew = 30;

export interface TokenCheckerOptions {
  readonly issuers: Readonly<Record<string, Issuer>>;
  readonly log: Log;
  readonly keys?: Omit<KeySourceOptions, "issuer" | "log">;
}

interface KnownIssuer {
  readonly name: string;
  readonly config: Issuer;
  readonly keys: KeySource;
  /** SHA-256 of the config. */
  readonly entry: string;
}

/** Checks bearer tokens against the issuers of the config. */
export class TokenChecker {
  readonly #issuers: readonly KnownIssuer[];

  constructor({ issuers, log, keys = {} }: TokenCheckerOptions) {
    const sources = new Map<string, KeySource>();
    this.#issuers = Object.entries(issuers).map(([name, config]) => {
      const source =
        sources.get(config.issuer) ?? new KeySource({ issuer: config.issuer, log, ...keys });
      sources.set(config.issuer, source);
      const entry = createHash("sha256").update(JSON.stringify(config)).digest("hex");
      return { name, config, keys: source, entry };
    });
  }

  /** For the health page, by the issuer's name. */
  get state(): Record<string, KeySource["state"]> {
    return Object.fromEntries(this.#issuers.map(({ name, keys }) => [name, keys.state]));
  }

  async check(token: string): Promise<Checked> {
    const read = readUnverified(token);
    if (read === null) return { kind: "refused", code: "token-unreadable" };
    const unverified = { issuer: clip(read.issuer), subject: clip(read.subject) };
    const issuer = this.#issuerOf(read);
    if (issuer === undefined) return { kind: "refused", code: "token-issuer", unverified };
    const allowed: readonly string[] = issuer.config.algorithms ?? asymmetricAlgorithms;
    if (!allowed.includes(read.algorithm))
      return { kind: "refused", code: "token-algorithm", unverified };
    if (!types.has(read.type?.toLowerCase()))
      return { kind: "refused", code: "token-refused", unverified };
    const answer = await this.#verify(token, read, issuer, allowed);
    return answer.kind === "refused" && answer.principal === undefined
      ? { ...answer, unverified }
      : answer;
  }

  /**
   * Asks of a token that was verified before what can have changed since: its time, its issuer's entry in the config,
   * and whether the issuer still publishes the key.
   */
  async recheck(grant: Grant, principal: Principal): Promise<Checked> {
    const issuer = this.#issuers.find(({ name }) => name === grant.issuer);
    if (issuer === undefined || issuer.entry !== grant.entry)
      return { kind: "refused", code: "token-issuer", principal };
    if (grant.expires <= Date.now()) return { kind: "refused", code: "token-expired", principal };
    try {
      const key = await issuer.keys.key(grant.header);
      if ((await thumbprint(key)) !== grant.key)
        return { kind: "refused", code: "token-key-unknown", principal };
    } catch (cause) {
      return { kind: "refused", code: codeOf(cause), principal };
    }
    return { kind: "verified", principal, until: untilOf(issuer.config, grant.expires), grant };
  }

  stop(): void {
    for (const { keys } of this.#issuers) keys.stop();
  }

  /** Several names may share an issuer; the audience then says which is meant. */
  #issuerOf({ issuer, audience }: UnverifiedToken): KnownIssuer | undefined {
    const known = this.#issuers.filter(({ config }) => config.issuer === issuer);
    return (
      known.find(({ config }) => [config.audience].flat().some((one) => audience.includes(one))) ??
      known[0]
    );
  }

  async #verify(
    token: string,
    read: UnverifiedToken,
    { name, config, keys, entry }: KnownIssuer,
    algorithms: readonly string[],
  ): Promise<Checked> {
    const principal = (payload: JWTPayload): Principal =>
      principalOf(name, config, payload, read.signingInput);
    const refuse = (code: ErrorCode, payload: JWTPayload): Checked => ({
      kind: "refused",
      code,
      ...knownPrincipal(() => principal(payload)),
    });
    try {
      const { payload, protectedHeader, key } = await jwtVerify(
        token,
        (header) => keys.key(header),
        {
          algorithms: [...algorithms],
          issuer: config.issuer,
          audience: [config.audience].flat(),
          clockTolerance: skew,
          requiredClaims: ["exp", "iat"],
        },
      );
      const { exp = 0, iat = 0 } = payload;
      if (iat > Date.now() / 1000 + skew) return refuse("token-not-yet-valid", payload);
      if (exp <= iat || (exp - iat) * 1000 > config.max_token_lifetime)
        return refuse("token-lifetime", payload);
      const { alg, kid } = protectedHeader;
      const expires = Math.floor(exp * 1000);
      const grant = {
        issuer: name,
        entry,
        header: { alg, ...(kid !== undefined && { kid }) },
        key: await thumbprint(key),
        expires,
      };
      return {
        kind: "verified",
        principal: principal(payload),
        until: untilOf(config, expires),
        grant,
      };
    } catch (cause) {
      if (cause instanceof UnreadableClaim)
        return { kind: "refused", code: "token-claims", detail: cause.message };
      if (cause instanceof errors.JWTExpired) return refuse("token-expired", cause.payload);
      if (cause instanceof errors.JWTClaimValidationFailed)
        return refuse(codeOfClaim(cause.claim, cause.reason), cause.payload);
      return { kind: "refused", code: codeOf(cause) };
    }
  }
}

function codeOfClaim(claim: string, reason: string): ErrorCode {
  if (claim === "aud") return "token-audience";
  if (claim === "iss") return "token-issuer";
  if (claim === "nbf" && reason === "check_failed") return "token-not-yet-valid";
  if ((claim === "exp" || claim === "iat") && reason === "missing") return "token-lifetime";
  return "token-claims";
}

function codeOf(cause: unknown): ErrorCode {
  if (cause instanceof UnknownKey) return "token-key-unknown";
  if (cause instanceof errors.JWSSignatureVerificationFailed) return "token-signature";
  if (cause instanceof errors.JOSEAlgNotAllowed) return "token-algorithm";
  if (cause instanceof errors.JWSInvalid || cause instanceof errors.JWTInvalid)
    return "token-unreadable";
  return "token-refused";
}

function knownPrincipal(make: () => Principal): { principal?: Principal } {
  try {
    return { principal: make() };
  } catch {
    return {};
  }
}

const untilOf = ({ session }: Issuer, expires: number): number =>
  session === "until-token-expires" ? expires : Date.now() + session;

const thumbprint = async (key: CryptoKey): Promise<string> =>
  calculateJwkThumbprint(await exportJWK(key));

const clip = (text: string): string => text.slice(0, 256).toWellFormed();
