import {
  createHash,
  createHmac,
  randomBytes,
  timingSafeEqual,
  type X509Certificate,
} from "node:crypto";
import { saltedPassword } from "./salted-passwords.ts";

// SCRAM-SHA-256 (RFC 5802, RFC 7677) as a client; PostgreSQL takes the user's name from the startup packet.

/** How the proof is bound to the TLS channel (RFC 5802 section 6, gs2-cbind-flag). */
export type ChannelBinding =
  /** No TLS, or a certificate whose hash is not defined. */
  | { readonly kind: "none" }
  /** We could, the server did not offer it: it must refuse if it did (somebody struck it from the list). */
  | { readonly kind: "not-offered" }
  | { readonly kind: "tls-server-end-point"; readonly hash: Buffer };

/** PostgreSQL's default is 4,096; a hostile target must not buy minutes of our CPU. */
const maxIterations = 1_000_000;

/** The server's message is malformed, or it does not know the password either. Carries no secret. */
export class ScramError extends Error {
  override readonly name = "ScramError";
}

export class ScramClient {
  readonly mechanism: "SCRAM-SHA-256" | "SCRAM-SHA-256-PLUS";
  readonly #password: string;
  readonly #gs2Header: string;
  readonly #binding: Buffer;
  readonly #firstBare: string;
  readonly #nonce: string;
  #serverSignature: Buffer | undefined;

  /** @param nonce printable ASCII without comma; given by tests only */
  constructor(
    password: string,
    binding: ChannelBinding,
    nonce = randomBytes(18).toString("base64"),
    user = "",
  ) {
    this.#password = saslPrep(password);
    this.#nonce = nonce;
    this.#firstBare = `n=${user},r=${nonce}`;
    const bound = binding.kind === "tls-server-end-point";
    this.mechanism = bound ? "SCRAM-SHA-256-PLUS" : "SCRAM-SHA-256";
    this.#gs2Header = bound
      ? "p=tls-server-end-point,,"
      : binding.kind === "not-offered"
        ? "y,,"
        : "n,,";
    this.#binding = bound ? binding.hash : Buffer.alloc(0);
  }

  /** client-first-message */
  first(): Buffer {
    return Buffer.from(this.#gs2Header + this.#firstBare);
  }

  /** server-first-message → client-final-message. @throws ScramError */
  async final(serverFirst: Buffer): Promise<Buffer> {
    const text = serverFirst.toString("utf8");
    const [, nonce, salt, count] =
      /^r=([!-+\--~]+),s=([A-Za-z0-9+/=]+),i=([0-9]+)/.exec(text) ?? [];
    if (nonce === undefined || salt === undefined || count === undefined)
      throw new ScramError("malformed server-first-message");
    if (!nonce.startsWith(this.#nonce) || nonce === this.#nonce)
      throw new ScramError("the server's nonce does not continue ours");
    const iterations = Number(count);
    if (iterations < 1 || iterations > maxIterations)
      throw new ScramError(`${count} iterations are out of bounds`);

    const salted = await saltedPassword(this.#password, Buffer.from(salt, "base64"), iterations);
    const clientKey = hmac(salted, "Client Key");
    const channel = Buffer.concat([Buffer.from(this.#gs2Header), this.#binding]).toString("base64");
    const withoutProof = `c=${channel},r=${nonce}`;
    const signed = `${this.#firstBare},${text},${withoutProof}`;
    const signature = hmac(createHash("sha256").update(clientKey).digest(), signed);
    const proof = clientKey.map((byte, index) => byte ^ (signature[index] ?? 0));
    this.#serverSignature = hmac(hmac(salted, "Server Key"), signed);
    return Buffer.from(`${withoutProof},p=${Buffer.from(proof).toString("base64")}`);
  }

  /** server-final-message: the proof that the server knows the password. @throws ScramError */
  verify(serverFinal: Buffer): void {
    const [, signature] = /^v=([A-Za-z0-9+/=]+)(?:,|$)/.exec(serverFinal.toString("utf8")) ?? [];
    const expected = this.#serverSignature;
    const given = Buffer.from(signature ?? "", "base64");
    if (
      expected === undefined ||
      given.length !== expected.length ||
      !timingSafeEqual(given, expected)
    )
      throw new ScramError("the server's signature is wrong");
  }
}

function hmac(key: Buffer, text: string): Buffer {
  return createHmac("sha256", key).update(text).digest();
}

/** RFC 5929 section 4.1; undefined for a certificate whose signature algorithm names no hash (Ed25519). */
export function serverEndPoint(certificate: X509Certificate): Buffer | undefined {
  const name = (certificate.signatureAlgorithm ?? "").toLowerCase();
  const [hash] = /sha(?:224|256|384|512)/.exec(name) ?? /md5|sha1/.exec(name) ?? [];
  if (hash === undefined) return undefined;
  const used = hash === "md5" || hash === "sha1" ? "sha256" : hash;
  return createHash(used).update(certificate.raw).digest();
}

/**
 * RFC 4013 as far as it changes a password: spaces, what is mapped to nothing, NFKC. A password with
 * characters that it prohibits is used as it is, as PostgreSQL does. (The rule on mixed
 * writing directions is not applied.)
 */
function saslPrep(password: string): string {
  const mapped = password
    .replace(/[\u00A0\u1680\u2000-\u200B\u202F\u205F\u3000]/gu, " ")
    .replace(
      /\u00AD|\u034F|\u1806|[\u180B-\u180D]|\u200C|\u200D|\u2060|[\uFE00-\uFE0F]|\uFEFF/gu,
      "",
    )
    .normalize("NFKC");
  const prohibited =
    /[\p{Cc}\p{Co}\p{Cs}\p{Noncharacter_Code_Point}\u0340\u0341\u200E\u200F\u2028-\u202E\u206A-\u206F\u2FF0-\u2FFB\uFFF9-\uFFFD]/u;
  return mapped === "" || prohibited.test(mapped) ? password : mapped;
}
