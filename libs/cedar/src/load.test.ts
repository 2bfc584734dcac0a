import { describe, expect, test } from "vitest";
import { readPolicies, type PolicyBundle } from "./load.ts";
import { policyMistakeText } from "./mistake.ts";

const bundle: PolicyBundle = {
  connections: {
    orders: {
      protocol: "postgres",
      target: { host: "127.0.0.1", port: 5432, database: "orders", tls: "off" },
      credentials: { username: "app" },
      tags: ["production"],
      columns: { "public.customers.email": ["pii"] },
      record: "rows",
    },
  },
  issuers: ["corp"],
  approvers: {},
  baseline: true,
  policies: [],
};

const mistakes = (...texts: string[]): string[] =>
  readPolicies({
    ...bundle,
    policies: texts.map((text, index) => ({ file: `${index}.cedar`, text })),
  }).mistakes.map(policyMistakeText);

const forbid = `forbid (principal, action == Action::"read", resource in Tag::"pii");`;
const permit = `permit (principal, action, resource);`;

describe("what loads", () => {
  test("the policies of the design, with the baseline", () => {
    const { policies, mistakes: none } = readPolicies({
      ...bundle,
      policies: [
        {
          file: "orders.cedar",
          text: `// the first line is a comment; with a semicolon
@id("ci-works-on-orders")
permit (principal in Group::"corp/ci", action in [Action::"connect", Action::"read", Action::"write"],
        resource in Connection::"orders");

@id("pii-is-masked") @mask("partial")            // yes, if masked; WHERE email = $1 stays possible
forbid (principal, action == Action::"read", resource in Tag::"pii")
unless { context.use == "lookup" || principal in Group::"corp/privacy-office" };

@id("deletes-need-a-dba") @hold("corp/dba") @quorum("1") @ttl("15m")
forbid (principal, action == Action::"delete", resource in Connection::"orders");

@id("no-ddl-from-ci") @reason("Schema changes go through the migration pipeline; always")
forbid (principal in Group::"corp/ci", action in Action::"define", resource);`,
        },
      ],
    });
    expect(none).toEqual([]);
    expect(policies.map(({ id, file, line }) => `${id} ${file}:${line}`)).toEqual([
      "builtin:values baseline.cedar:3",
      "builtin:secrets baseline.cedar:7",
      "ci-works-on-orders orders.cedar:2",
      "pii-is-masked orders.cedar:6",
      "deletes-need-a-dba orders.cedar:10",
      "no-ddl-from-ci orders.cedar:13",
    ]);
    expect(policies.map(({ treatment }) => treatment.kind).slice(2)).toEqual([
      "permit",
      "mask",
      "hold",
      "forbid",
    ]);
  });

  test("a policy without an id is called after its file and place", () => {
    const { policies } = readPolicies({
      ...bundle,
      baseline: false,
      policies: [{ file: "a.cedar", text: `${permit}\n${permit}` }],
    });
    expect(policies.map(({ id }) => id)).toEqual(["a.cedar#1", "a.cedar#2"]);
  });

  test("names of tables, schemas and functions, which live in the target", () => {
    expect(
      mistakes(
        `forbid (principal, action, resource == Table::"orders/any.thing");
         forbid (principal, action, resource in Schema::"orders/any");
         forbid (principal, action, resource == Function::"orders/any.thing");`,
      ),
    ).toEqual([]);
  });

  test("no file at all, and files of comments", () => {
    expect(mistakes("", "// nothing\n", `// "quote`)).toEqual([]);
  });
});

describe("what is refused, with its line and what would be right", () => {
  const cases: [string, string, (string | RegExp)[]][] = [
    [
      "an unknown annotation",
      `\n@id("x") @hodl("corp/dba") ${forbid}`,
      ["0.cedar:2: policy `x`: unknown annotation `@hodl`: did you mean `@hold`?"],
    ],
    ["an annotation that says nothing", `@id("x") @reason ${forbid}`, [/`@reason` says nothing/]],
    [
      "an unknown masker",
      `@id("x") @mask("blur") ${forbid}`,
      [/unknown masker `blur`: use `null`, `redact`, `hash`, `partial`/],
    ],
    ["a masker's wrong parameter", `@id("x") @mask("partial:0") ${forbid}`, [/unknown masker/]],
    ["a parameter of a masker that takes none", `@mask("hash:3") ${forbid}`, [/unknown masker/]],
    [
      "a condition on a permit",
      `@id("x") @hold("corp/dba") ${permit}`,
      [/policy `x`: a condition stands on a permit/],
    ],
    [
      "a mask on a permit",
      `@id("x") @mask("redact") ${permit}`,
      [/a condition stands on a permit/],
    ],
    [
      "both conditions on one policy",
      `@mask("redact") @hold("corp/dba") ${forbid}`,
      [/both `@mask` and `@hold`/],
    ],
    [
      "a mask on another action",
      `@mask("redact") forbid (principal, action == Action::"delete", resource);`,
      [/`@mask` stands on another action than read: write `action == Action::"read"`/],
    ],
    [
      "a mask on every action",
      `@mask("redact") forbid (principal, action, resource in Tag::"pii");`,
      [/`@mask` stands on another action than read/],
    ],
    [
      "a mask on a whole connection",
      `@mask("redact") forbid (principal, action == Action::"read", resource in Connection::"orders");`,
      [/no classified column: write `resource in Tag::"pii"`/],
    ],
    ["a quorum of none", `@hold("corp/dba") @quorum("0") ${forbid}`, [/no number of people/]],
    ["a quorum of words", `@hold("corp/dba") @quorum("two") ${forbid}`, [/no number of people/]],
    ["a ttl of 30 d", `@hold("corp/dba") @ttl("30d") ${forbid}`, [/longer than a hold is kept/]],
    ["a ttl that is no duration", `@hold("corp/dba") @ttl("soon") ${forbid}`, [/no duration/]],
    ["a wait that is no duration", `@hold("corp/dba") @wait("5") ${forbid}`, [/no duration/]],
    [
      "a wait that outlives its hold",
      `@hold("corp/dba") @wait("2h") @ttl("1h") ${forbid}`,
      [/`@wait` is longer than `@ttl`/],
    ],
    ["a quorum without a hold", `@quorum("2") ${forbid}`, [/`@quorum` belongs to a hold/]],
    ["a hold without an issuer", `@hold("dba") ${forbid}`, [/group `dba` has no issuer/]],
    [
      "a hold of an unknown issuer",
      `@hold("acme/dba") ${forbid}`,
      [/the issuer of group `acme\/dba` is unknown: issuers are `corp`/],
    ],
    ["another mode", `@mode("audit") ${forbid}`, [/unknown mode `audit`/]],
    [
      "an unknown connection",
      `permit (principal, action, resource in Connection::"order");`,
      [/unknown connection `order`: did you mean `orders`\?/],
    ],
    [
      "an unknown connection in a condition",
      `permit (principal, action, resource) when { resource in Connection::"nowhere" };`,
      [/unknown connection `nowhere`: known are `orders`/],
    ],
    [
      "a table of an unknown connection",
      `permit (principal, action == Action::"read", resource == Table::"shop/public.t");`,
      [/unknown connection `shop`/],
    ],
    [
      "a table without one",
      `forbid (principal, action, resource == Table::"t");`,
      [/no connection/],
    ],
    [
      "an unknown tag",
      `forbid (principal, action == Action::"read", resource in Tag::"pi");`,
      [/unknown tag `pi`: did you mean `pii`\?/],
    ],
    [
      "a group of an unknown issuer",
      `permit (principal in Group::"crop/ci", action, resource);`,
      [/the issuer of group `crop\/ci` is unknown/],
    ],
    [
      "a principal of an unknown issuer",
      `permit (principal == Person::"crop#alice", action, resource);`,
      [/the issuer of person `crop#alice` is unknown/],
    ],
    [
      "a column that is not classified",
      `forbid (principal, action == Action::"read", resource == Column::"orders/public.customers.emial");`,
      [/column `orders\/public.customers.emial` is not classified: did you mean/],
    ],
    [
      "an unknown action",
      `forbid (principal, action == Action::"raed", resource);`,
      [/unrecognized action `Action::"raed"`: did you mean `read`/],
    ],
    [
      "an unknown entity type",
      `forbid (principal, action, resource in Database::"orders");`,
      [/unrecognized entity type `Database`/],
    ],
    [
      "an attribute that the context lacks",
      `\n\npermit (principal, action == Action::"insert", resource)\nwhen { context.use == "write" };`,
      [/^0\.cedar:4: .*attribute `use`/],
    ],
    [
      "a policy that can never match",
      `@id("never") forbid (principal == Group::"corp/ci", action, resource);`,
      [/policy `never`: policy is impossible/],
    ],
    ["a template", `permit (principal == ?principal, action, resource);`, [/template/]],
    ["an id of ours", `@id("builtin:mine") ${permit}`, [/begin with `builtin:` are ours/]],
    ["an id with a space", `@id("a b") ${permit}`, [/visible ASCII/]],
    [
      "the same id twice",
      `@id("x") ${permit}\n@id("x") ${forbid}`,
      ["0.cedar:2: policy `x` is there twice: the other is at 0.cedar:1; an id names one policy"],
    ],
    [
      "text that is no Cedar, with the line of the mistake",
      `${permit}\npermit (\n  principal,\n  action,\n  resource\n) whne { true };`,
      [/^0\.cedar:6: .*whne/],
    ],
    [
      "a policy without its end",
      `\npermit (principal, action, resource)`,
      [/^0\.cedar:2: .*unexpected end/],
    ],
    [
      "a string without its end",
      `permit (principal in Group::"corp/ci, action, resource);`,
      [/0\.cedar:1/],
    ],
  ];
  test.each(cases)("%s", (_what, text, expected) => {
    const found = mistakes(text);
    expect(found).toHaveLength(expected.length);
    expected.forEach((one, index) => expect(found[index]).toMatch(one));
  });

  test("the lines of a file with text beyond ASCII", () => {
    const text = `// größe ✓\n${permit}\n@id("ü")\nforbid (principal, action, resource) when { context.nöpe };`;
    expect(mistakes(text).map((one) => one.slice(0, 9))).toContain("0.cedar:4");
  });

  test("every mistake of every file at once", () => {
    expect(
      mistakes(`@mask("blur") ${forbid} @hodl("x") ${forbid}`, `permit (`).map(
        (one) => one.split(":")[0],
      ),
    ).toEqual(["0.cedar", "0.cedar", "1.cedar"]);
  });
});
