import { expect, test } from "vitest";
import { z } from "zod";
import {
  Bundle,
  Config,
  base32,
  decodeOutput,
  encodeOutput,
  newCommandId,
  newSessionId,
  parseRecordSubject,
  subjects,
} from "./index.ts";

test("base32 agrees with the vectors of RFC 4648 section 10", () => {
  const encode = (text: string) => base32(Buffer.from(text));
  expect(["", "f", "fo", "foo", "foob", "fooba", "foobar"].map(encode)).toEqual([
    "",
    "my",
    "mzxq",
    "mzxw6",
    "mzxw6yq",
    "mzxw6ytb",
    "mzxw6ytboi",
  ]);
});

test("a config of the three required keys gets every default", () => {
  const config = Config.parse({
    identity: { issuers: { corp: { issuer: "https://idp.example.com", audience: "sallyport" } } },
    connections: {},
    policies: "./policies",
  });
  expect(config.listen.postgres).toEqual({
    address: { host: "127.0.0.1", port: 6432 },
    tls: "self-signed",
    oauth: { users: ["oauth"], scope: "openid" },
  });
  expect(config.listen.authn).toEqual({ address: { host: "127.0.0.1", port: 6471 }, tls: "off" });
  expect(config.limits.verdict).toBe(2000);
  expect(config.policies).toEqual({ directory: "./policies", baseline: true });
});

test("a parsed connection fits the bundle unchanged", () => {
  const { connections } = Config.parse({
    identity: { issuers: { corp: { issuer: "https://idp.example.com", audience: "sallyport" } } },
    connections: {
      orders: {
        protocol: "postgres",
        target: { host: "127.0.0.1", database: "orders", tls: false },
        credentials: { username: "app", password: { env: "ORDERS_PASSWORD" } },
        columns: { "public.customers.email": ["pii"] },
      },
    },
    policies: "./policies",
  });
  const bundle = {
    v: 1,
    type: "bundle",
    connections,
    issuers: ["corp"],
    approvers: {},
    baseline: true,
    policies: [],
    applied: { at: 0, by: "operator", from: "127.0.0.1" },
  };
  expect(Bundle.parse(JSON.parse(JSON.stringify(bundle)))).toEqual(bundle);
});

test("the config schema can be published as JSON Schema", () => {
  const schema = z.toJSONSchema(Config, { io: "input" });
  expect(schema.required).toEqual(["identity", "connections", "policies"]);
});

test("output chunks survive a round trip, and a cut message is none", () => {
  const header = {
    v: 1,
    type: "output",
    session: newSessionId(),
    command: newCommandId(),
    kind: "rows",
    part: 1,
    bytes: 3,
  } as const;
  const message = encodeOutput([
    { header, body: Buffer.from([1, 10, 3]) },
    { header: { ...header, part: 2, bytes: 0 }, body: Buffer.alloc(0) },
  ]);
  expect(decodeOutput(message)?.map((chunk) => [chunk.header.part, [...chunk.body]])).toEqual([
    [1, [1, 10, 3]],
    [2, []],
  ]);
  expect(decodeOutput(message.subarray(0, message.length - 1))).toBeNull();
});

test("a record subject is read back, and nothing else is one", () => {
  expect(parseRecordSubject(subjects.record(0, "w1", "verdict"))).toEqual({
    partition: 0,
    writer: "w1",
    kind: "verdict",
  });
  for (const other of [
    "sp.rec.0.w1.x",
    "sp.rec.0.W1.command",
    "sp.rec.0.w1.command.x",
    "sp.out.0.w1",
  ])
    expect(parseRecordSubject(other)).toBeNull();
});
