import { Issuer } from "@sallyport/contracts";
import { describe, expect, test } from "vitest";
import { claimAt } from "./claims.ts";
import { hasDuplicateMembers } from "./duplicate-members.ts";
import { principalOf } from "./principal.ts";
import { placeOf, SlowDown } from "./slow-down.ts";
import { readUnverified } from "./unverified-token.ts";

const issuer = (over: object = {}) =>
  Issuer.parse({ issuer: "https://idp.example.com", audience: "sallyport", ...over });
const of = (claims: Record<string, unknown>, over?: object) =>
  principalOf("corp", issuer(over), { sub: "ci", jti: "t1", ...claims }, "input");

test("a path is a claim's whole name first, then steps, and never reaches beyond own members", () => {
  const claims = {
    "a.b": 1,
    a: { b: 2, c: { d: 3 } },
    "https://x.example/groups": ["g"],
    list: [1],
  };
  expect(claimAt(claims, "a.b")).toBe(1);
  expect(claimAt(claims, "a.c.d")).toBe(3);
  expect(claimAt(claims, "https://x.example/groups")).toEqual(["g"]);
  for (const path of [
    "a.x",
    "constructor",
    "__proto__",
    "a.constructor.name",
    "list.0",
    "list.length",
  ])
    expect(claimAt(claims, path)).toBeUndefined();
});

describe("a principal", () => {
  test("carries its issuer's name in id, groups and owner", () => {
    expect(
      of(
        {
          groups: ["ci", "dba", "ci"],
          owner: "alice",
          kind: "user",
          act: { sub: "agent", act: { sub: "parent" } },
          env: "prod",
          n: 1,
          tags: ["x"],
        },
        { kind: { claim: "kind", person: ["user"] }, claims: ["env", "n", "tags", "absent"] },
      ),
    ).toEqual({
      id: "corp#ci",
      issuer: "corp",
      subject: "ci",
      kind: "person",
      groups: ["corp/ci", "corp/dba"],
      owner: "corp#alice",
      delegation: ["agent", "parent"],
      token: "t1",
      claims: { env: "prod", n: 1, tags: ["x"] },
    });
  });

  test("keeps any readable subject as it is, `#` and scripts too", () => {
    for (const sub of ["a#b", "corp#alice", "Ünïcode ☃", "アリス", "e\u0301", "a/b@c:d", " x "])
      expect(of({ sub }).id).toBe(`corp#${sub}`);
    expect(of({ sub: "e\u0301" }).id).not.toBe(of({ sub: "\u00e9" }).id);
  });

  test("without a token id is known by the hash of what was signed", () => {
    expect(of({ jti: undefined }).token).toMatch(/^[0-9a-f]{64}$/);
  });

  test("is a workload unless the claim says a person", () => {
    const kind = { kind: { claim: "kind", person: ["user"] } };
    expect(of({}, kind).kind).toBe("workload");
    expect(of({ kind: "User" }, kind).kind).toBe("workload");
    expect(of({ kind: ["x", "user"] }, kind).kind).toBe("person");
  });

  test.each([
    ["no subject", { sub: undefined }],
    ["an empty subject", { sub: "" }],
    ["a number as subject", { sub: 7 }],
    ["half a character as subject", { sub: "\ud800" }],
    ["a NUL in the subject", { sub: "a\0b" }],
    ["a newline in the subject", { sub: "a\nb" }],
    ["a very long subject", { sub: "x".repeat(401) }],
    ["nested groups", { groups: [{ name: "ci" }] }],
    ["groups in groups", { groups: [["ci"]] }],
    ["an object of groups", { groups: { ci: true } }],
    ["a number among groups", { groups: ["ci", 7] }],
    ["too many groups", { groups: Array.from({ length: 513 }, (_, n) => `g${n}`) }],
    ["groups that are elsewhere", { _claim_names: { groups: "src1" } }],
    ["an owner that is a list", { owner: ["alice"] }],
    ["a chain of actors without a name", { act: { act: { sub: "x" } } }],
    ["an actor that is text", { act: "agent" }],
    ["a token id that is a number", { jti: 7 }],
  ])("is not read from %s", (_, claims) => {
    expect(() => of(claims)).toThrow(/claim/);
  });

  test("is not read from an endless chain of actors", () => {
    let act: object = { sub: "x" };
    for (let n = 0; n < 20; n++) act = { sub: "x", act };
    expect(() => of({ act })).toThrow("chain");
  });

  test("is not read from claims that policies could not read", () => {
    expect(() => of({ env: { a: 1 } }, { claims: ["env"] })).toThrow("neither");
    expect(() => of({ env: "x".repeat(5000) }, { claims: ["env"] })).toThrow("4 KiB");
  });
});

test("a member that stands twice is found at any depth, however it is spelt", () => {
  for (const json of ['{"a":1,"a":2}', '{"a":1,"\\u0061" :2}', '[{"x":{"b":1,"c":[],"b":{}}}]'])
    expect(hasDuplicateMembers(json)).toBe(true);
  for (const json of [
    '{"a":"a","b":{"a":1}}',
    '["a","a"]',
    '{"a":"\\"a\\":1,\\"a\\""}',
    '[{"a":1},{"a":1}]',
  ])
    expect(hasDuplicateMembers(json)).toBe(false);
});

test("only a compact JWT in its one spelling is read", () => {
  const part = (value: unknown) => Buffer.from(JSON.stringify(value)).toString("base64url");
  const header = part({ alg: "ES256" });
  const claims = part({ iss: "i", sub: "s", aud: ["a", 7] });
  expect(readUnverified(`${header}.${claims}.x`)).toMatchObject({
    algorithm: "ES256",
    issuer: "i",
    subject: "s",
    audience: ["a"],
  });
  const twice = Buffer.from('{"iss":"i","iss":"j"}').toString("base64url");
  for (const token of [
    "",
    "a.b",
    `${header}.${claims}`,
    `${header}.${claims}.x.y`,
    `${header}.${twice}.x`,
    `${header}=.${claims}.x`,
    `${header}.${part([])}.x`,
    `${part({})}.${claims}.x`,
    `${part({ alg: "ES256", typ: 1 })}.${claims}.x`,
    `${header}.${part({ iss: "x".repeat(17_000) })}.x`,
    `${header}.${Buffer.from([0xff]).toString("base64url")}.x`,
    ` ${header}.${claims}.x`,
  ])
    expect(readUnverified(token)).toBeNull();
});

test("failures slow a key down, time lets it in again, and the table stays small", () => {
  const slow = new SlowDown({ failures: 3, every: 1000, size: 2 });
  for (let n = 0; n < 3; n++) {
    expect(slow.isSlowed("a", 0)).toBe(false);
    slow.failed("a", 0);
  }
  expect(slow.isSlowed("a", 0)).toBe(true);
  expect(slow.isSlowed("b", 0)).toBe(false);
  expect(slow.isSlowed("a", 1000)).toBe(false);
  slow.failed("a", 1000);
  expect(slow.isSlowed("a", 1500)).toBe(true);
  slow.failed("b", 1500);
  slow.failed("c", 1500);
  expect(slow.isSlowed("a", 1500)).toBe(false);
});

test("a caller's place is an IPv4 address or an IPv6 /64", () => {
  expect(placeOf("10.0.0.1:5000")).toBe("10.0.0.1");
  expect(placeOf("[::ffff:10.0.0.1]:5000")).toBe("10.0.0.1");
  expect(placeOf("[2001:db8:0:1::5]:1")).toBe(placeOf("[2001:0db8::1:abcd:0:0:1]:2"));
  expect(placeOf("[2001:db8:0:1::5]:1")).not.toBe(placeOf("[2001:db8:0:2::5]:1"));
  expect(placeOf("[fe80::1%eth0]:1")).toBe("fe80:0:0:0");
  expect(placeOf("anything")).toBe("anything");
});
