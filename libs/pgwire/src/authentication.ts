import { BodyReader } from "./body-reader.ts";

/** What a server asks of who logs in (AuthenticationXXX). */
export type AuthenticationRequest = { readonly kind: "authentication" } & (
  | { readonly method: "ok" | "cleartext-password" }
  | { readonly method: "md5-password"; readonly salt: Buffer }
  | { readonly method: "sasl"; readonly mechanisms: readonly string[] }
  | { readonly method: "sasl-continue" | "sasl-final"; readonly data: Buffer }
  /** Kerberos, GSS, SSPI and what comes one day. */
  | { readonly method: "unsupported"; readonly code: number }
);

/** @param frame an Authentication message, as FrameReader gave it */
export function parseAuthentication(frame: Buffer): AuthenticationRequest {
  const body = new BodyReader(frame);
  const request = parse(body);
  body.end();
  return request;
}

function parse(body: BodyReader): AuthenticationRequest {
  const kind = "authentication";
  const code = body.int32();
  switch (code) {
    case 0:
      return { kind, method: "ok" };
    case 3:
      return { kind, method: "cleartext-password" };
    case 5:
      return { kind, method: "md5-password", salt: body.bytes(4) };
    case 10: {
      const mechanisms: string[] = [];
      for (let name = body.text(); name !== ""; name = body.text()) mechanisms.push(name);
      return { kind, method: "sasl", mechanisms };
    }
    case 11:
      return { kind, method: "sasl-continue", data: body.rest() };
    case 12:
      return { kind, method: "sasl-final", data: body.rest() };
    default:
      body.rest();
      return { kind, method: "unsupported", code };
  }
}

/** A client's PasswordMessage: here, the token. @throws ProtocolError */
export function parsePassword(frame: Buffer): string {
  const body = new BodyReader(frame);
  const password = body.text();
  body.end();
  return password;
}

export interface SaslInitialResponse {
  readonly mechanism: string;
  readonly data: Buffer | null;
}

export function parseSaslInitialResponse(frame: Buffer): SaslInitialResponse {
  const body = new BodyReader(frame);
  const response = { mechanism: body.text(), data: body.value() };
  body.end();
  return response;
}

export function parseSaslResponse(frame: Buffer): Buffer {
  return new BodyReader(frame).rest();
}
