import { ProtocolError } from "./protocol-error.ts";

/** The name of the SASL mechanism of RFC 7628. */
export const oauthBearer = "OAUTHBEARER";

/** What a client says first: its token, or that it has none and wants to know where to get one. */
export type BearerResponse =
  | { readonly kind: "token"; readonly token: string }
  | { readonly kind: "discovery" }
  /** Other than `Bearer`, or characters that RFC 6750 section 2.1 does not know. */
  | { readonly kind: "unreadable" };

const malformed = (problem: string) =>
  new ProtocolError("message-format", `malformed OAUTHBEARER message: ${problem}`);

/**
 * RFC 7628, 3.1: a GS2 header, then `key=value` pairs with a byte 1 behind each, and one more. As PostgreSQL, without
 * an authorization identity and without channel binding; pairs other than `auth` say nothing here.
 * @throws ProtocolError
 */
export function parseBearerResponse(data: Buffer): BearerResponse {
  // Every byte is a character here; what is not ASCII is refused below.
  const text = data.toString("latin1");
  const [, flag, authorization, pairs] = /^([^,]*),([^,]*),(.*)$/s.exec(text) ?? [];
  if (flag === undefined || pairs === undefined) throw malformed("its header is incomplete");
  if (flag.startsWith("p=")) throw malformed("channel binding is not part of this mechanism");
  if (flag !== "n" && flag !== "y") throw malformed("unexpected channel-binding flag");
  if (authorization !== "")
    throw new ProtocolError("message-value", "an authorization identity is not supported");
  if (!pairs.startsWith("\u0001") || !pairs.endsWith("\u0001\u0001"))
    throw malformed("its key/value pairs are not framed");
  let auth: string | undefined;
  const inner = pairs.slice(1, -2);
  for (const pair of inner === "" ? [] : inner.split("\u0001")) {
    const [, key, value] = /^([A-Za-z]+)=([\t\n\r\x20-\x7e]*)$/.exec(pair) ?? [];
    if (value === undefined) throw malformed("a key/value pair is not one");
    if (key !== "auth") continue;
    if (auth !== undefined) throw malformed("it has several `auth` values");
    auth = value;
  }
  if (auth === undefined) throw malformed("it has no `auth` value");
  if (auth === "") return { kind: "discovery" };
  const token = /^bearer +([A-Za-z0-9\-._~+/]+=*)$/i.exec(auth)?.[1];
  return token === undefined ? { kind: "unreadable" } : { kind: "token", token };
}

/** RFC 7628, 3.2.2: why a token was not taken, and where to get another. */
export function bearerChallenge(place: { scope: string; configuration: string }): Buffer {
  return Buffer.from(
    JSON.stringify({
      status: "invalid_token",
      scope: place.scope,
      "openid-configuration": place.configuration,
    }),
  );
}
