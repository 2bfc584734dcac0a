import { assert, property, string } from "fast-check";
import { describe, expect, test } from "vitest";
import { bearerChallenge, parseBearerResponse, type BearerResponse } from "./oauth-bearer.ts";
import { ProtocolError } from "./protocol-error.ts";

const read = (text: string): BearerResponse => parseBearerResponse(Buffer.from(text, "latin1"));

function errorOf(text: string): unknown {
  try {
    read(text);
    return null;
  } catch (error) {
    return error;
  }
}

describe("RFC 7628, 3.1", () => {
  test("the RFC's own message, whose authorization identity PostgreSQL refuses, and the same without", () => {
    const pairs =
      "\u0001host=server.example.com\u0001port=143\u0001auth=Bearer vF9dft4qmTc2Nvb3RlckBhbHRhdmlzdGEuY29tCg==\u0001\u0001";
    expect(() => read(`n,a=user@example.com,${pairs}`)).toThrow("an authorization identity");
    expect(read(`n,,${pairs}`)).toEqual({
      kind: "token",
      token: "vF9dft4qmTc2Nvb3RlckBhbHRhdmlzdGEuY29tCg==",
    });
  });

  test.each<[string, BearerResponse]>([
    ["n,,\u0001auth=Bearer a.b-c_d~e+f/g\u0001\u0001", { kind: "token", token: "a.b-c_d~e+f/g" }],
    ["y,,\u0001auth=bearer   x=\u0001\u0001", { kind: "token", token: "x=" }],
    ["n,,\u0001auth=\u0001\u0001", { kind: "discovery" }],
    ["n,,\u0001host=h\u0001auth=\u0001port=1\u0001\u0001", { kind: "discovery" }],
    ["n,,\u0001auth=Basic eA==\u0001\u0001", { kind: "unreadable" }],
    ["n,,\u0001auth=Bearer \u0001\u0001", { kind: "unreadable" }],
    ["n,,\u0001auth=Bearer a b\u0001\u0001", { kind: "unreadable" }],
    ["n,,\u0001auth=Bearer a=b\u0001\u0001", { kind: "unreadable" }],
  ])("%j", (text, expected) => {
    expect(read(text)).toEqual(expected);
  });

  test.each([
    "",
    "n",
    "n,,",
    "n,,\u0001",
    "n,,\u0001\u0001",
    "n,,auth=Bearer x\u0001\u0001",
    "n,,\u0001auth=Bearer x\u0001",
    "n,,\u0001auth=Bearer x\u0001\u0001\u0001",
    "n,,\u0001auth=Bearer x\u0001auth=Bearer y\u0001\u0001",
    "n,,\u0001auth=Bearer x\u0001\u0001host=h\u0001\u0001",
    "n,,\u0001host=h\u0001\u0001",
    "n,,\u0001=x\u0001auth=Bearer x\u0001\u0001",
    "n,,\u0001a1=x\u0001auth=Bearer x\u0001\u0001",
    "n,,\u0001auth=Bearer x\u0000\u0001\u0001",
    "n,,\u0001auth=Bearer \u00e4\u0001\u0001",
    "p=tls-unique,,\u0001auth=Bearer x\u0001\u0001",
    "N,,\u0001auth=Bearer x\u0001\u0001",
    "n,a=,\u0001auth=Bearer x\u0001\u0001",
  ])("refuses %j", (text) => {
    expect(() => read(text)).toThrow(ProtocolError);
  });

  test("never quotes what came, whatever it is", () => {
    assert(
      property(string({ minLength: 20, unit: "binary-ascii" }), (text) => {
        const error = errorOf(text);
        expect(error === null || error instanceof ProtocolError).toBe(true);
        expect(String(error)).not.toContain(text);
      }),
    );
  });
});

test("RFC 7628, 3.2.2: the challenge", () => {
  const challenge = bearerChallenge({
    scope: "openid groups",
    configuration: "https://idp.example.com/.well-known/openid-configuration",
  });
  expect(JSON.parse(challenge.toString())).toEqual({
    status: "invalid_token",
    scope: "openid groups",
    "openid-configuration": "https://idp.example.com/.well-known/openid-configuration",
  });
});
