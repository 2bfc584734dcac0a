import { Action, Use, type Operation, type Principal } from "@sallyport/contracts";
import * as fc from "fast-check";
import { expect, test } from "vitest";
import { readPolicies } from "./load.ts";
import { evaluate, prepare } from "./request.ts";
import { actionRules, takesUse, takesWhere } from "./schema.ts";
import { Slices } from "./slices.ts";

/** Scopes of every form. */
const principals = [
  "principal",
  'principal == Person::"corp#eve"',
  'principal == Workload::"corp#eve"',
  'principal in Group::"corp/ci"',
  'principal in Person::"corp#bob"',
  "principal is Person",
  'principal is Workload in Group::"corp/dba"',
];
const actions = [
  "action",
  'action == Action::"read"',
  'action in Action::"write"',
  'action in [Action::"connect", Action::"define", Action::"delete"]',
];
const resources = [
  "resource",
  'resource == Connection::"orders"',
  'resource in Connection::"orders"',
  'resource in Connection::"billing"',
  'resource == Table::"orders/s.t"',
  'resource in Schema::"orders/s"',
  'resource in Tag::"pii"',
  'resource in Tag::"production"',
  "resource is Column",
  'resource is Table in Schema::"orders/s"',
];

const connection = (tags: string[], columns: Record<string, string[]>) => ({
  protocol: "postgres" as const,
  target: { host: "127.0.0.1", port: 5432, database: "x", tls: "off" as const },
  credentials: { username: "app" },
  tags,
  columns,
  record: "rows" as const,
});

const scopes = principals.flatMap((p) =>
  actions.flatMap((a) => resources.map((r) => `(${p}, ${a}, ${r});`)),
);
const { policies } = readPolicies({
  connections: {
    orders: connection(["production"], { "s.t.c": ["pii"] }),
    billing: connection([], {}),
  },
  issuers: ["corp"],
  approvers: {},
  baseline: true,
  policies: [
    {
      file: "all.cedar",
      text: scopes.map((scope, n) => `${n % 2 === 0 ? "permit" : "forbid"} ${scope}`).join("\n"),
    },
  ],
});

const principal = fc
  .record({
    kind: fc.constantFrom("workload" as const, "person" as const),
    subject: fc.constantFrom("eve", "bob"),
    groups: fc.subarray(["corp/ci", "corp/dba"]),
  })
  .map((one): Principal => ({
    ...one,
    id: `corp#${one.subject}`,
    issuer: "corp",
    delegation: [],
    token: "t",
    claims: {},
  }));

const places = fc.constantFrom<Operation["resource"][]>(
  { type: "Connection", id: "orders" },
  { type: "Schema", id: "orders/s" },
  { type: "Table", id: "orders/s.t" },
  { type: "Table", id: "orders/s.child", in: [{ type: "Table", id: "orders/s.t" }] },
  { type: "Table", id: "orders/other.t" },
  { type: "Column", id: "orders/s.t.c", tags: ["pii"] },
  { type: "Function", id: "orders/s.f" },
  { type: "Connection", id: "billing" },
  { type: "Table", id: "billing/s.t" },
);

test("what a slice leaves out never matches", () => {
  expect(policies.length).toBeGreaterThan(scopes.length / 2);
  const all = { key: "all of them", policies, besidePermit: false };
  const slices = new Slices(policies);
  let who = 0;
  fc.assert(
    fc.property(
      principal,
      places,
      fc.constantFrom(...Action.options),
      (asker, resource, action) => {
        fc.pre(actionRules.get(action)?.resources.has(resource.type) === true);
        const name = resource.id.split("/")[0] ?? "";
        const prepared = prepare({
          principal: asker,
          connection: { name, tags: name === "orders" ? ["production"] : [] },
          operation: {
            action,
            resource,
            ...(takesUse(action) && { use: Use.options[0] }),
            ...(takesWhere(action) && { where: true }),
          },
          tags: [],
          ip: "10.0.0.1",
          now: 0,
        });
        const { plain } = slices.of(++who, asker, action, name);
        expect(evaluate(prepared, plain)).toEqual(evaluate(prepared, all));
      },
    ),
    { numRuns: 60 },
  );
});
