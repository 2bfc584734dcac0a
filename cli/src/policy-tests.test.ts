import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { loadConfig } from "@sallyport/runtime";
import { afterEach, expect, test } from "vitest";
import { readBundle } from "./bundle.ts";
import { policyTestChecks } from "./policy-tests.ts";

const directory = mkdtempSync(join(tmpdir(), "sallyport-policy-tests-"));
afterEach(() => rmSync(directory, { recursive: true, force: true }));

const config = `
identity: { issuers: { corp: { issuer: "https://idp.example.com", audience: sallyport } } }
connections:
  orders:
    protocol: postgres
    target: { host: 127.0.0.1, port: 1, database: orders, tls: off }
    credentials: { username: app }
    columns: { public.customers.email: [pii] }
policies: ./policies
`;

const policies = `
@id("ci-reads") permit (principal in Group::"corp/ci", action == Action::"read", resource in Connection::"orders");
@id("pii") @mask("email") forbid (principal, action == Action::"read", resource in Tag::"pii") unless { context.use == "lookup" };
`;

const tests = `
principals: { ci: { id: "corp#ci", groups: [corp/ci] } }
tables: { orders: { public.customers: { id: bigint, email: text } } }
tests:
  - { name: masked, principal: ci, connection: orders, command: "SELECT x.email FROM customers x WHERE email = 'a'",
      expect: { verdict: pass, masks: { public.customers.email: email } } }
  - { name: an oracle, principal: ci, connection: orders, command: "SELECT 1 FROM customers ORDER BY email",
      expect: { verdict: deny, by: [pii] } }
  - { name: wrong, principal: ci, connection: orders, command: "SELECT email FROM customers", expect: allow }
  - { name: unknown, principal: ci, connection: orders, command: "SELECT nope FROM customers", expect: deny }
`;

test("policy tests read texts against the tables that they write out", async () => {
  mkdirSync(join(directory, "policies"));
  writeFileSync(join(directory, "sallyport.yaml"), config);
  writeFileSync(join(directory, "policies", "orders.cedar"), policies);
  writeFileSync(join(directory, "policies", "orders.test.yaml"), tests);
  writeFileSync(
    join(directory, "policies", "target.test.yaml"),
    tests.replace(/^tables:.*\n/m, "").replace(/ {2}- \{ name: an oracle[\s\S]*/, ""),
  );
  const loaded = loadConfig(join(directory, "sallyport.yaml"));
  const { engine } = readBundle(loaded, 0);
  const checks = await policyTestChecks(loaded, engine, { offline: true, now: 0 });
  expect(checks.map(({ about, state, found }) => `${state} ${about}: ${found}`)).toEqual([
    "fail policy test orders.test.yaml:9: wrong: came with mask public.customers.email: email",
    'fail policy test orders.test.yaml:10: unknown: the command cannot be read: column "nope" does not exist (42703)',
    "fail policy test target.test.yaml:4: masked: the command cannot be read: write `tables: { orders: … }` into the file, or leave out --offline",
    "ok policy tests: 2 of 5 pass",
  ]);
  expect(checks[0]?.todo).toContain("by pii (orders.cedar:3)");
});
