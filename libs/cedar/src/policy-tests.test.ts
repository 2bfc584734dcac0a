import { describe, expect, test } from "vitest";
import { loadBundle } from "./engine.ts";
import { policyMistakeText } from "./mistake.ts";
import { runPolicyTests } from "./policy-tests.ts";

const loaded = loadBundle({
  connections: {
    orders: {
      protocol: "postgres",
      target: { host: "127.0.0.1", port: 5432, database: "orders", tls: "off" },
      credentials: { username: "app" },
      tags: [],
      columns: { "public.t.email": ["pii"] },
      record: "rows",
    },
  },
  issuers: ["corp"],
  approvers: {},
  baseline: true,
  policies: [
    {
      file: "a.cedar",
      text: `@id("all") permit (principal in Group::"corp/ci", action, resource);
@id("pii") @mask("hash") forbid (principal, action == Action::"read", resource in Tag::"pii");
@id("held") @hold("corp/dba") forbid (principal, action == Action::"drop", resource);
@id("night") forbid (principal, action == Action::"truncate", resource) when { context.time >= datetime("2026-01-01T20:00:00Z") };`,
    },
  ],
});

async function run(tests: string) {
  if ("mistakes" in loaded) throw new Error("it does not load");
  const text = `principals:\n  ci: { id: "corp#ci", groups: [corp/ci] }\ntests:\n${tests}`;
  const { results, mistakes } = await runPolicyTests(
    loaded.engine,
    [{ file: "a.test.yaml", text }],
    async () => ({ problem: "there is no table `x`" }),
    Date.UTC(2026, 0, 1, 12),
  );
  return {
    problems: results.flatMap(({ line, problems }) => problems.map((one) => `${line}: ${one}`)),
    mistakes: mistakes.map(policyMistakeText),
    passed: results.filter(({ passed }) => passed).length,
  };
}

const one = (rest: string): string =>
  `  - { name: n, principal: ci, connection: orders, ${rest} }\n`;

describe("a test fails, saying what came", () => {
  test.each([
    [
      "deny for allow",
      `operations: [{ action: read, table: public.t, use: output }], expect: deny`,
      "expected deny, came pass",
    ],
    [
      "a mask that was not expected",
      `operations: [{ action: read, column: public.t.email, use: output }], expect: allow`,
      "came with mask public.t.email: hash",
    ],
    [
      "another masker",
      `operations: [{ action: read, column: public.t.email, use: output }], expect: { verdict: pass, masks: { public.t.email: redact } }`,
      "expected mask public.t.email: redact",
    ],
    [
      "a hold that was not expected",
      `operations: [{ action: drop, table: public.t }], expect: { verdict: pass }`,
      "came with hold corp/dba",
    ],
    [
      "a plain no for a predicate",
      `operations: [{ action: read, column: public.t.email, use: predicate }], expect: allow`,
      "expected pass, came deny by pii",
    ],
    [
      "another policy",
      `operations: [{ action: read, table: public.t, use: output }], expect: { verdict: pass, by: [pii] }`,
      "expected `pii` to decide, but it was all",
    ],
    [
      "a policy that is not there",
      `operations: [], expect: { verdict: pass, by: [gone] }`,
      "there is no policy `gone`",
    ],
    [
      "a text that cannot be read",
      `command: SELECT, expect: allow`,
      "the command cannot be read: there is no table `x`",
    ],
  ])("%s", async (_what, rest, problem) => {
    const { problems, passed } = await run(one(rest));
    expect(passed).toBe(0);
    expect(problems).toContain(`4: ${problem}`);
  });

  test("a connection that is not there", async () => {
    const { problems } = await run(
      `  - { name: n, principal: ci, connection: nope, operations: [], expect: allow }\n`,
    );
    expect(problems).toEqual(["4: there is no connection `nope`"]);
  });
});

test("the time and kind of asking count", async () => {
  const truncate = `operations: [{ action: truncate, table: public.t }]`;
  const drop = `operations: [{ action: drop, table: public.t }]`;
  expect(
    await run(
      one(`${truncate}, expect: allow`) +
        one(`${truncate}, time: "2026-01-01T21:00:00Z", expect: { verdict: deny, by: [night] }`) +
        one(`${drop}, expect: { verdict: pass, holds: [corp/dba], by: [held] }`) +
        one(`${drop}, kind: prepare, expect: { verdict: pass, by: [held] }`),
    ),
  ).toEqual({ problems: [], mistakes: [], passed: 4 });
});

describe("a test file is refused with its line", () => {
  test.each([
    ["no YAML", "  - { name", /^a\.test\.yaml:\d+: /],
    ["an unknown key", one(`operations: [], expects: allow`), /^a\.test\.yaml:4: /],
    ["neither text nor operations", one(`expect: allow`), /one of `command`/],
    ["both", one(`command: SELECT 1, operations: [], expect: allow`), /one of `command`/],
    [
      "two resources",
      one(`operations: [{ action: read, table: a.b, column: a.b.c }], expect: deny`),
      /one resource at most/,
    ],
    ["an unknown expectation", one(`operations: [], expect: maybe`), /expected `allow`, `deny`/],
    [
      "an unknown principal",
      `  - { name: n, principal: bob, connection: orders, operations: [], expect: allow }\n`,
      /^a\.test\.yaml:4: `n`: there is no principal `"bob"`: principals of this file are ci/,
    ],
  ])("%s", async (_what, text, mistake) => {
    const { mistakes, passed } = await run(text);
    expect(passed).toBe(0);
    expect(mistakes[0]).toMatch(mistake);
  });
});
