import { Issuer } from "@sallyport/contracts";
import { openLog } from "@sallyport/runtime";
import { startIssuer, startOidcProvider, waitFor, type TestIssuer } from "@sallyport/testkit";
import { exportSPKI, generateKeyPair, importJWK, type JWTPayload } from "jose";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { TokenChecker } from "../../services/authn/src/token-checker.ts";

const log = openLog("test", "error");
const config = (issuer: TestIssuer, over: object = {}): Issuer =>
  Issuer.parse({ issuer: issuer.issuer, audience: "sallyport", ...over });
const open = (issuer: TestIssuer, over: object = {}, keys: object = {}): TokenChecker =>
  new TokenChecker({ issuers: { corp: config(issuer, over) }, log, keys });
const without =
  (claim: string) =>
  (claims: JWTPayload): JWTPayload =>
    Object.fromEntries(Object.entries(claims).filter(([name]) => name !== claim));
const now = (): number => Math.floor(Date.now() / 1000);

describe("tokens that no honest issuer gives", () => {
  let issuer: TestIssuer;
  let checker: TokenChecker;
  beforeAll(async () => {
    issuer = await startIssuer();
    checker = open(issuer);
  });
  afterAll(async () => {
    checker.stop();
    await issuer.stop();
  });

  const codeOf = async (token: string): Promise<string> => {
    const checked = await checker.check(token);
    return checked.kind === "refused" ? checked.code : "verified";
  };

  test("an honest one is verified, with its principal", async () => {
    const before = Date.now();
    const checked = await checker.check(
      await issuer.sign(issuer.claims({ groups: ["ci", "dba"] })),
    );
    expect(checked).toMatchObject({
      kind: "verified",
      principal: { id: "corp#ci-runner", kind: "workload", groups: ["corp/ci", "corp/dba"] },
    });
    const until = checked.kind === "verified" ? checked.until - before : 0;
    expect(Math.abs(until - 8 * 3_600_000)).toBeLessThan(5000);
  });

  test.each<[string, string, (claims: JWTPayload) => JWTPayload]>([
    ["another issuer", "token-issuer", (c) => ({ ...c, iss: "https://evil.example" })],
    ["an issuer with a slash more", "token-issuer", (c) => ({ ...c, iss: `${c.iss}/` })],
    ["no issuer", "token-issuer", without("iss")],
    ["another audience", "token-audience", (c) => ({ ...c, aud: "payroll" })],
    ["no audience", "token-audience", without("aud")],
    ["ours among audiences", "verified", (c) => ({ ...c, aud: ["x", "sallyport"] })],
    [
      "an expiry that has passed",
      "token-expired",
      (c) => ({ ...c, iat: now() - 400, exp: now() - 40 }),
    ],
    ["an expiry within the skew", "verified", (c) => ({ ...c, iat: now() - 400, exp: now() - 20 })],
    ["no expiry", "token-lifetime", without("exp")],
    ["no time of issue", "token-lifetime", without("iat")],
    [
      "an expiry that is text",
      "token-claims",
      (c) => ({ ...c, exp: "never" as unknown as number }),
    ],
    [
      "a future time of issue",
      "token-not-yet-valid",
      (c) => ({ ...c, iat: now() + 100, exp: now() + 200 }),
    ],
    ["a beginning to come", "token-not-yet-valid", (c) => ({ ...c, nbf: now() + 100 })],
    ["a beginning within the skew", "verified", (c) => ({ ...c, nbf: now() + 20 })],
    ["a life of a day", "token-lifetime", (c) => ({ ...c, exp: now() + 86_400 })],
    ["a life of ever", "token-lifetime", (c) => ({ ...c, exp: 1e300 })],
    [
      "an expiry before its issue",
      "token-lifetime",
      (c) => ({ ...c, iat: now() + 10, exp: now() + 5 }),
    ],
    ["no subject", "token-claims", without("sub")],
    ["nested groups", "token-claims", (c) => ({ ...c, groups: [["ci"]] })],
    ["a subject with `#`", "verified", (c) => ({ ...c, sub: "corp#alice" })],
  ])("%s: %s", async (_, code, change) => {
    expect(await codeOf(await issuer.sign(change(issuer.claims())))).toBe(code);
  });

  test("a subject with `#` cannot stand for another", async () => {
    const checked = await checker.check(await issuer.sign(issuer.claims({ sub: "alice#x" })));
    expect(checked).toMatchObject({ principal: { id: "corp#alice#x", subject: "alice#x" } });
  });

  test("no signature", async () => {
    const token = await issuer.sign(issuer.claims(), { header: { alg: "none" } });
    expect(await codeOf(token)).toBe("token-algorithm");
    const signed = await issuer.sign();
    expect(await codeOf(`${signed.slice(0, signed.lastIndexOf("."))}.`)).toBe("token-signature");
  });

  test("the public key as a shared secret", async () => {
    const key = await importJWK(issuer.publicKey, issuer.alg);
    if (key instanceof Uint8Array) throw new Error("the key is no public key");
    const pem = Buffer.from(await exportSPKI(key));
    const token = await issuer.sign(issuer.claims(), { header: { alg: "HS256" }, key: pem });
    expect(await codeOf(token)).toBe("token-algorithm");
  });

  test("a key of the caller's own, offered in the header in every way", async () => {
    const { privateKey: key } = await generateKeyPair("ES256");
    const own = { kty: "EC", crv: "P-256", x: "a", y: "b" };
    for (const header of [
      {},
      { jwk: own },
      { jku: "http://127.0.0.1:1/keys" },
      { x5u: "http://127.0.0.1:1/cert" },
      { x5c: ["MIIB"] },
    ])
      expect(await codeOf(await issuer.sign(issuer.claims(), { header, key }))).toBe(
        "token-signature",
      );
  });

  test("a key id that names no key, or something else", async () => {
    const fetched = issuer.fetches;
    for (const kid of ["other", "../../etc/passwd", "' OR 1=1 --", "__proto__", "x".repeat(5000)])
      expect(await codeOf(await issuer.sign(issuer.claims(), { header: { kid } }))).toBe(
        "token-key-unknown",
      );
    expect(issuer.fetches - fetched).toBeLessThanOrEqual(1);
  });

  test("a critical extension, another type, unencoded payload", async () => {
    const crit = await issuer.sign(issuer.claims(), { header: { typ: "logout+jwt" } });
    expect(await codeOf(crit)).toBe("token-refused");
    const [, claims = "", signature = ""] = (await issuer.sign()).split(".");
    const header = (value: object) => Buffer.from(JSON.stringify(value)).toString("base64url");
    const unencoded = { alg: "ES256", kid: issuer.kid, b64: false, crit: ["b64"] };
    expect(await codeOf(`${header(unencoded)}.${claims}.${signature}`)).not.toBe("verified");
    const unknown = { alg: "ES256", kid: issuer.kid, crit: ["x"], x: 1 };
    expect(await codeOf(`${header(unknown)}.${claims}.${signature}`)).not.toBe("verified");
  });

  test("a changed claim, a changed signature, too much of it, and what is no token", async () => {
    const token = await issuer.sign();
    const [header = "", , signature = ""] = token.split(".");
    const claims = Buffer.from(JSON.stringify(issuer.claims({ sub: "root" }))).toString(
      "base64url",
    );
    expect(await codeOf(`${header}.${claims}.${signature}`)).toBe("token-signature");
    expect(await codeOf(await issuer.sign(issuer.claims({ x: "y".repeat(20_000) })))).toBe(
      "token-unreadable",
    );
    for (const text of ["", "password", "a.b.c", `${token}.x.y`, `${token} `])
      expect(await codeOf(text)).toBe("token-unreadable");
  });

  test("a refusal tells who it was only when the signature verified", async () => {
    const expired = issuer.claims({ iat: now() - 400, exp: now() - 100 });
    expect(await checker.check(await issuer.sign(expired))).toEqual({
      kind: "refused",
      code: "token-expired",
      principal: expect.objectContaining({ id: "corp#ci-runner" }),
    });
    const { privateKey: key } = await generateKeyPair("ES256");
    expect(await checker.check(await issuer.sign(expired, { key }))).toEqual({
      kind: "refused",
      code: "token-signature",
      unverified: { issuer: issuer.issuer, subject: "ci-runner" },
    });
  });
});

test("only the algorithms of the config, and issuers are told apart by their URL, then the audience", async () => {
  await using first = await startIssuer();
  await using second = await startIssuer({ alg: "RS256" });
  const checker = new TokenChecker({
    issuers: {
      one: config(first, { algorithms: ["RS256"] }),
      two: config(second, { session: "until-token-expires", kind: "person" }),
      three: config(second, { audience: "other", kind: { claim: "kind", person: ["user"] } }),
    },
    log,
  });
  expect(await checker.check(await first.sign())).toMatchObject({ code: "token-algorithm" });
  const claims = second.claims();
  expect(await checker.check(await second.sign(claims))).toMatchObject({
    kind: "verified",
    until: (claims.exp ?? 0) * 1000,
    principal: { id: "two#ci-runner", kind: "person" },
  });
  expect(await checker.check(await second.sign(second.claims({ aud: "other" })))).toMatchObject({
    principal: { id: "three#ci-runner", kind: "workload" },
  });
  // One issuer's key does not vouch for another's tokens.
  expect(await checker.check(await second.sign(first.claims()))).toMatchObject({ kind: "refused" });
  checker.stop();
});

test("a rotated key is fetched when it is needed, at most once a cool-down", async () => {
  await using issuer = await startIssuer();
  const checker = open(issuer, {}, { cooldown: 300 });
  expect(await checker.check(await issuer.sign())).toMatchObject({ kind: "verified" });
  const old = await issuer.sign();
  await issuer.rotate();
  const token = await issuer.sign();
  await waitFor(async () => (await checker.check(token)).kind === "verified", { what: "the key" });
  expect(issuer.fetches).toBe(2);
  expect(await checker.check(old)).toMatchObject({ code: "token-key-unknown" });
  checker.stop();
});

test("a slow or absent issuer stops no token whose key is known, and lets no other in", async () => {
  await using issuer = await startIssuer();
  const checker = open(issuer, {}, { cooldown: 0, timeout: 3000, patience: 4500 });
  expect(await checker.check(await issuer.sign())).toMatchObject({ kind: "verified" });
  const known = await issuer.sign(issuer.claims({ sub: "a" }));
  await issuer.rotate();
  const unknown = await issuer.sign(issuer.claims({ sub: "b" }));
  issuer.slow(60_000);
  const told: string[] = [];
  const waiting = checker.check(unknown).finally(() => told.push("unknown"));
  expect(await checker.check(known)).toMatchObject({ kind: "verified" });
  expect(told).toEqual([]);
  expect(await waiting).toMatchObject({ code: "token-key-unknown" });
  await issuer.down();
  expect(await checker.check(known)).toMatchObject({ kind: "verified" });
  expect(await checker.check(unknown)).toMatchObject({ code: "token-key-unknown" });
  issuer.slow(0);
  await issuer.up();
  await waitFor(async () => (await checker.check(unknown)).kind === "verified", {
    what: "the key",
  });
  checker.stop();
});

test("it starts while the issuer is down, and finds it in the background", async () => {
  await using issuer = await startIssuer();
  await issuer.down();
  const checker = open(issuer);
  const token = await issuer.sign();
  expect(await checker.check(token)).toMatchObject({ code: "token-key-unknown" });
  expect(checker.state).toMatchObject({ corp: { keys: 0, problem: expect.any(String) } });
  await issuer.up();
  await waitFor(() => checker.state["corp"]?.keys === 1, { what: "the keys" });
  expect(await checker.check(token)).toMatchObject({ kind: "verified" });
  checker.stop();
});

test("a real provider's jobs and people are told apart, before and after it rotates its keys", async () => {
  await using provider = await startOidcProvider({
    clients: { "ci-runner": { groups: ["ci"], owner: "carol" } },
    people: { alice: { groups: ["dba"] } },
  });
  const { issuer } = provider;
  const corp = Issuer.parse({
    issuer,
    audience: "sallyport",
    kind: { claim: "kind", person: ["user"] },
  });
  const checker = new TokenChecker({ issuers: { corp }, log, keys: { cooldown: 0 } });
  const job = {
    kind: "verified",
    principal: { id: "corp#ci-runner", kind: "workload", groups: ["corp/ci"], owner: "corp#carol" },
  };
  expect(await checker.check(await provider.jobToken("ci-runner"))).toMatchObject(job);
  expect(await checker.check(await provider.personToken("alice"))).toMatchObject({
    kind: "verified",
    principal: { id: "corp#alice", kind: "person", groups: ["corp/dba"] },
  });
  await provider.rotateKeys();
  expect(await checker.check(await provider.jobToken("ci-runner"))).toMatchObject(job);
  checker.stop();
});

test("plain http is for this machine only", () => {
  const issuers = { corp: Issuer.parse({ issuer: "http://idp.example.com", audience: "x" }) };
  expect(() => new TokenChecker({ issuers, log })).toThrow("neither https nor on this machine");
});
