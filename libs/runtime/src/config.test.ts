import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { ConfigErrors, loadConfig, parseConfig } from "./index.ts";

let directory: string;
beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), "sallyport-config-"));
  mkdirSync(join(directory, "policies"));
  writeFileSync(join(directory, "password"), "hunter2\n");
});
afterAll(() => rmSync(directory, { recursive: true }));

const good = `identity:
  issuers:
    corp: { issuer: "https://idp.example.com", audience: sallyport }
connections:
  orders:
    protocol: postgres
    target: { host: 127.0.0.1, database: orders, tls: off }
    credentials: { username: app, password: { file: ./password } }
policies: ./policies
`;

function mistakesOf(text: string): string[] {
  try {
    parseConfig(text, "s.yaml", directory);
  } catch (error) {
    if (error instanceof ConfigErrors)
      return error.message.split("\n").map((line) => line.replaceAll(directory, "DIR"));
    throw error;
  }
  return [];
}

test("the smallest config is read, and `off` is a word", () => {
  const config = parseConfig(good, "s.yaml", directory);
  expect(config.connections["orders"]?.target.tls).toBe("off");
  expect(config.listen.postgres.address.port).toBe(6432);
});

test("paths are relative to the file", () => {
  const file = join(directory, "sallyport.yaml");
  writeFileSync(file, good);
  const loaded = loadConfig(file);
  expect(loaded.resolve(loaded.config.policies.directory)).toBe(join(directory, "policies"));
});

test("a file that is not there is one mistake", () => {
  expect(() => loadConfig("/nowhere/s.yaml")).toThrow(
    "/nowhere/s.yaml:1:1: `/nowhere/s.yaml` is not there; name it with --config FILE, or have `sally init` write a first one",
  );
});

test("anchors are fine", () => {
  const text = good
    .replace("corp: {", "corp: &corp {")
    .replace("connections:", "$schema: x\nconnections:");
  expect(mistakesOf(text)).toEqual([]);
});

/** What is put in place of what in the good config, or added at its end; and every mistake that it is then told. */
const table: readonly (readonly [string, readonly [string, string] | string, readonly string[]])[] =
  [
    [
      "unknown key",
      "durabilty: fsync\n",
      ["s.yaml:10:1: unknown key `durabilty`; did you mean `durability`?"],
    ],
    [
      "unknown key, nothing near",
      "drain: 3s\nlisten: { banana: 127.0.0.1:1 }\n",
      [
        "s.yaml:11:11: unknown key `banana` in `listen`; possible are `postgres`, `authn`, `policy`, `approval`, `recorder`, `proxy`",
      ],
    ],
    [
      "a misspelt key that must be there is one mistake",
      ["audience: sallyport", "audiense: sallyport"],
      ["s.yaml:3:48: unknown key `audiense` in `identity.issuers.corp`; did you mean `audience`?"],
    ],
    [
      "missing",
      [", audience: sallyport", ""],
      ["s.yaml:3:5: `identity.issuers.corp.audience` is missing; it takes a text or a list"],
    ],
    [
      "missing at the top",
      ["policies: ./policies\n", ""],
      ["s.yaml:1:1: `policies` is missing; it takes a text or a map of `directory`, `baseline`"],
    ],
    ["key twice", "policies: ./other\n", ["s.yaml:10:1: the key stands here twice"]],
    ["tab", "limits:\n\tstatement: 1MiB\n", ["s.yaml:11:1: a tab stands where YAML wants spaces"]],
    [
      "a secret that is written is not shown",
      ["{ file: ./password }", "hunter2"],
      [
        "s.yaml:8:45: `connections.orders.credentials.password` is a text (a secret is named here, never written); it takes a map of `env`, `file`",
      ],
    ],
    [
      "secret reference",
      ["{ file: ./password }", "{ envv: PW }"],
      [
        "s.yaml:8:47: unknown key `envv` in `connections.orders.credentials.password`; did you mean `env`?",
      ],
    ],
    [
      "word",
      ["tls: off", "tls: of"],
      ["s.yaml:7:55: `connections.orders.target.tls` is `of`; did you mean `off`?"],
    ],
    [
      "words",
      ["tls: off", "tls: yes"],
      [
        "s.yaml:7:55: `connections.orders.target.tls` is `yes`; it takes `off`, `require` or `verify-full`",
      ],
    ],
    [
      "size",
      "limits: { statement: 1MB }\n",
      [
        "s.yaml:10:22: `limits.statement` is `1MB`; it takes a size such as `64KiB`, `4MiB`, `1GiB`",
      ],
    ],
    [
      "duration",
      "drain: 1 hour\n",
      ["s.yaml:10:8: `drain` is `1 hour`; it takes a duration such as `500ms`, `10s`, `15m`, `8h`"],
    ],
    [
      "empty",
      "log:\n",
      ["s.yaml:10:5: `log` is empty; it takes `debug`, `info`, `warn` or `error`"],
    ],
    [
      "name of a connection, and what is under it",
      ["  orders:\n    protocol: postgres", "  Orders:\n    protocol: postgre"],
      [
        "s.yaml:5:3: `Orders` cannot name an entry of `connections`; it takes a name such as `orders`",
        "s.yaml:6:15: `connections.Orders.protocol` is `postgre`; did you mean `postgres`?",
      ],
    ],
    [
      "listeners",
      "listen:\n  postgres: { address: 0.0.0.0:6432, tls: off }\n  authn: 10.0.0.1:6471\n  policy: 127.0.0.1:7000\n  approval: 127.0.0.1:7000\n",
      [
        "s.yaml:11:3: `listen.postgres` takes tokens on `0.0.0.0:6432` without TLS; `tls: off` is for loopback only: give `tls: self-signed` or `tls: { cert: FILE, key: FILE }`",
        "s.yaml:12:10: `listen.authn` takes tokens on `10.0.0.1:6471` without TLS; listen on loopback, or give `tls: { cert: FILE, key: FILE }`",
        "s.yaml:14:13: `listen.policy` and `listen.approval` have the same address `127.0.0.1:7000`; give each its own port, or port 0 for a free one",
      ],
    ],
    [
      "an issuer for OAUTHBEARER that nobody knows",
      "listen:\n  postgres: { oauth: { issuer: ci } }\n",
      ["s.yaml:11:32: no issuer `ci` is in `identity.issuers`; it takes one of `corp`"],
    ],
    [
      "a scope that cannot be said",
      "listen:\n  postgres: { oauth: { scope: 'a\"b' } }\n",
      [
        's.yaml:11:31: `listen.postgres.oauth.scope` is `a"b`; it takes a list of scopes such as `openid groups`',
      ],
    ],
    ["no OAUTHBEARER", "listen:\n  postgres: { oauth: off }\n", []],
    [
      "issuer without https",
      ["https://idp", "http://idp"],
      [
        "s.yaml:3:21: `http://idp.example.com` is not reached over https; plain http is for loopback only",
      ],
    ],
    ["issuer on loopback", ["https://idp.example.com", "http://127.0.0.1:8080"], []],
    [
      "issuer twice",
      ["connections:", '    two: { issuer: "https://idp.example.com", audience: b }\nconnections:'],
      [
        "s.yaml:4:20: issuers `corp` and `two` are the same URL; a token must belong to one of them",
      ],
    ],
    [
      "files",
      ["./password", "./pw"],
      ["s.yaml:8:53: file `./pw` is not there; looked for `DIR/pw`"],
    ],
    [
      "a target's password that lies with the workers, elsewhere",
      [
        "password: { file: ./password } }",
        'password: { file: ./pw } }\nnats: { servers: ["nats://bus:4222"], credentials: ./policies }',
      ],
      [],
    ],
    [
      "folders",
      ["policies: ./policies", "policies: { directory: ./password }\nkeys: { directory: ./k }"],
      [
        "s.yaml:9:24: `./password` is no folder",
        "s.yaml:10:20: folder `./k` is not there; looked for `DIR/k`",
      ],
    ],
    [
      "columns",
      [
        "policies:",
        '    columns: { customers.email: [pii], public.Customers.email: [pii], public."Customers".email: [PII] }\npolicies:',
      ],
      [
        's.yaml:9:98: `connections.orders.columns."public.\\"Customers\\".email"[0]` is `PII`; it takes a tag such as `pii` (`builtin:` is ours)',
      ],
    ],
    [
      "columns of a connection that keeps the schema",
      [
        "policies:",
        '    columns: { customers.email: [pii], public.Customers.email: [pii], public."Customers".email: [pii] }\npolicies:',
      ],
      [
        "s.yaml:9:16: `customers.email` names no column; the schema is missing: did you mean `public.customers.email`?",
        's.yaml:9:40: `public.Customers.email` names no column; it takes `schema.table.column`; names with capitals stand in quotes: `public."Customers".email`',
      ],
    ],
    [
      "paths into columns",
      [
        "policies:",
        '    columns: { "public.orders.doc#>{a": [pii], "public.orders.doc#>{\\"a\\",b}": [pii], "public.orders.doc#>{a,*}": [pii] }\npolicies:',
      ],
      [
        "s.yaml:9:16: `public.orders.doc#>{a` names no column; a path into a json column is written as PostgreSQL writes an array: `public.orders.doc#>{customer,email}`",
        's.yaml:9:48: `public.orders.doc#>{"a",b}` is written otherwise in policies; write `public.orders.doc#>{a,b}`',
      ],
    ],
    [
      "approvers",
      'approvals: { groups: { cor/dba: { members: ["corp#alice", "other#bob"] } } }\n',
      [
        "s.yaml:10:24: `cor/dba` is of the issuer `cor`, which `identity.issuers` does not have; did you mean `corp/dba`?",
        "s.yaml:10:59: `other#bob` is of the issuer `other`, which `identity.issuers` does not have; possible are `corp`",
      ],
    ],
    [
      "webhooks",
      'approvals: { notify: [{ kind: webhook, url: "http://x.example.com/hush", secret: [{ env: S }, { file: ./s }] }, { kind: webhook, url: "https://u:hush@x.example.com", secret: { env: S }, timeout: 1m }] }\n',
      ["s.yaml:10:196: `approvals.notify[1].timeout` is `1m`; it takes at most 30s"],
    ],
    [
      "webhooks that keep the schema",
      'approvals: { notify: [{ kind: webhook, url: "http://x.example.com/hush", secret: [{ env: S }, { file: ./s }] }, { kind: webhook, url: "https://u:hush@x.example.com", secret: { env: S } }] }\n',
      [
        "s.yaml:10:45: the webhook to `x.example.com` is not reached over https; plain http is for loopback only",
        "s.yaml:10:113: two webhooks are called `x.example.com`; give one of them another `name`",
        "s.yaml:10:135: the URL of the webhook to `x.example.com` has a user or a password; leave them out: the receiver knows a message by its signature",
      ],
    ],
    [
      "an archive in two places, reached without TLS",
      'archive: { directory: ./archive, s3: { bucket: evidence, endpoint: "http://s3.example.com" } }\n',
      [
        "s.yaml:10:12: `archive` has a directory and a bucket; evidence lies in one place: give `directory` or `s3`",
        "s.yaml:10:68: `http://s3.example.com` is not reached over https; plain http is for loopback only",
      ],
    ],
    [
      "an archive on S3",
      "archive: { s3: { bucket: Evidence, prefix: /a/, secret: x, lock: { mode: compliance } } }\n",
      [
        "s.yaml:10:26: `archive.s3.bucket` is `Evidence`; it takes a bucket's name",
        "s.yaml:10:44: `archive.s3.prefix` is `/a/`; it takes a prefix such as `sallyport/production`",
        "s.yaml:10:49: unknown key `secret` in `archive.s3`; possible are `bucket`, `prefix`, `region`, `endpoint`, `path_style`, `lock`",
        "s.yaml:10:60: `archive.s3.lock.days` is missing; it takes a number",
      ],
    ],
    [
      "servers of the bus",
      'nats: { servers: ["127.0.0.1:4222"], credentials: ./policies }\n',
      [
        "s.yaml:10:19: `127.0.0.1:4222` is no address of a NATS server; it takes `nats://HOST:PORT` or `tls://HOST:PORT`, without a user",
      ],
    ],
  ];

describe("a mistake is told with its place, and with what would be right:", () => {
  test.each(table)("%s", (_, change, expected) => {
    const text = typeof change === "string" ? good + change : good.replace(change[0], change[1]);
    expect(text).not.toBe(good);
    expect(mistakesOf(text)).toEqual(expected);
  });
});

test("everything that is no config says so", () => {
  for (const text of ["", "just text", "- a\n- b\n", "a: [\n"])
    expect(mistakesOf(text)).toHaveLength(1);
});
