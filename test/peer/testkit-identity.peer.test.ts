import { createRemoteJWKSet, decodeProtectedHeader, errors, jwtVerify } from "jose";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import {
  startIssuer,
  startOidcProvider,
  type OidcProvider,
  type TestIssuer,
} from "@sallyport/testkit";

describe("startOidcProvider", () => {
  let provider: OidcProvider;
  beforeAll(async () => {
    provider = await startOidcProvider({
      clients: { "ci-runner": { groups: ["ci"], owner: "carol" } },
      people: { alice: { groups: ["dba"] } },
    });
  });
  afterAll(() => provider.stop());

  const verify = (token: string) =>
    jwtVerify(token, createRemoteJWKSet(new URL(`${provider.issuer}/jwks`)), {
      issuer: provider.issuer,
      audience: "sallyport",
      algorithms: ["ES256"],
    });

  test("gives a job a JWT by client credentials", async () => {
    const { payload } = await verify(await provider.jobToken("ci-runner"));
    expect(payload).toMatchObject({
      sub: "ci-runner",
      kind: "workload",
      groups: ["ci"],
      owner: "carol",
    });
    expect((payload.exp ?? 0) - (payload.iat ?? 0)).toBe(900);
    expect(payload.jti).toEqual(expect.any(String));
  });

  test("gives a person a JWT by the authorization-code flow", async () => {
    const { payload } = await verify(await provider.personToken("alice"));
    expect(payload).toMatchObject({ sub: "alice", kind: "user", groups: ["dba"] });
    expect(payload).not.toHaveProperty("owner");
  });

  test("signs with a new key after a rotation and still publishes the one before", async () => {
    const before = await provider.jobToken("ci-runner");
    await provider.rotateKeys();
    const after = await provider.jobToken("ci-runner");
    expect(decodeProtectedHeader(after).kid).not.toBe(decodeProtectedHeader(before).kid);
    await verify(before);
    await verify(after);
  });
});

describe("startIssuer", () => {
  let issuer: TestIssuer;
  beforeAll(async () => {
    issuer = await startIssuer();
  });
  afterAll(() => issuer.stop());

  const keys = (timeoutDuration = 60_000) =>
    createRemoteJWKSet(new URL(`${issuer.issuer}/jwks`), {
      timeoutDuration,
      cooldownDuration: 0,
    });

  test("signs what it is asked to", async () => {
    const { payload } = await jwtVerify(await issuer.sign(), keys(), { audience: "sallyport" });
    expect(payload.sub).toBe("ci-runner");
    const expired = await issuer.sign(issuer.claims({ exp: 1 }));
    await expect(jwtVerify(expired, keys())).rejects.toBeInstanceOf(errors.JWTExpired);
    const unsigned = await issuer.sign(issuer.claims(), { header: { alg: "none" } });
    expect(unsigned.endsWith(".")).toBe(true);
    const confused = await issuer.sign(issuer.claims(), {
      header: { alg: "HS256" },
      key: new TextEncoder().encode(JSON.stringify(issuer.publicKey)),
    });
    await expect(jwtVerify(confused, keys())).rejects.toThrow(/alg/i);
  });

  test("is slow, down, and up again with another key", async () => {
    const token = await issuer.sign();
    issuer.slow(60_000);
    await expect(jwtVerify(token, keys(200))).rejects.toBeInstanceOf(errors.JWKSTimeout);
    issuer.slow(0);
    await issuer.down();
    await expect(jwtVerify(token, keys())).rejects.toThrow(/fetch failed/);
    await issuer.up();
    await jwtVerify(token, keys());
    await issuer.rotate();
    await expect(jwtVerify(token, keys())).rejects.toBeInstanceOf(errors.JWKSNoMatchingKey);
  });
});
