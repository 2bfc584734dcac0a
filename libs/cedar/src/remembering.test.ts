import type { Operation, Principal } from "@sallyport/contracts";
import * as fc from "fast-check";
import { expect, test } from "vitest";
import { loadBundle, type Asked, type Engine } from "./engine.ts";
import type { PolicyBundle } from "./load.ts";

const pool = [
  `@id("a") permit (principal, action, resource);`,
  `@id("b") permit (principal in Group::"corp/ci", action in Action::"write", resource in Schema::"orders/s1");`,
  `@id("c") forbid (principal, action, resource == Table::"orders/s1.t1") unless { principal in Group::"corp/dba" };`,
  `@id("d") forbid (principal is Person, action, resource) when { principal.subject == "eve" };`,
  `@id("e") @mask("hash") forbid (principal, action == Action::"read", resource in Tag::"pii") unless { principal in Group::"corp/ci" };`,
  `@id("f") @mask("redact") forbid (principal, action == Action::"read", resource == Column::"orders/s1.t1.c1");`,
  `@id("g") @hold("corp/dba") forbid (principal, action == Action::"delete", resource) unless { context.where };`,
  `@id("h") forbid (principal, action, resource) when { context.address.isInRange(ip("10.0.0.0/8")) };`,
  `@id("i") forbid (principal, action, resource) unless { context.claims.hasTag("k") };`,
  `@id("j") @mode("shadow") forbid (principal == Workload::"corp#eve", action, resource);`,
  `@id("k") forbid (principal, action == Action::"read", resource) when { resource is Column && context.use == "predicate" };`,
  `@id("l") forbid (principal, action, resource in Tag::"builtin:values");`,
];

const bundle = (policies: readonly string[]): PolicyBundle => ({
  connections: {
    orders: {
      protocol: "postgres",
      target: { host: "127.0.0.1", port: 5432, database: "orders", tls: "off" },
      credentials: { username: "app" },
      tags: [],
      columns: { "s1.t1.c1": ["pii"], "s1.t2.c1": ["pii", "pci"] },
      record: "rows",
    },
  },
  issuers: ["corp"],
  approvers: {},
  baseline: false,
  policies: [{ file: "p.cedar", text: policies.join("\n") }],
});

function engineOf(policies: readonly string[]): Engine {
  const loaded = loadBundle(bundle(policies));
  if ("mistakes" in loaded) throw new Error("it does not load");
  return loaded.engine;
}

const principal = fc
  .record({
    kind: fc.constantFrom("workload" as const, "person" as const),
    subject: fc.constantFrom("eve", "bob"),
    groups: fc.subarray(["corp/ci", "corp/dba", "corp/nobody-named"]),
    claims: fc.constantFrom({}, { k: "v" }),
  })
  .map(({ kind, subject, groups, claims }): Principal => ({
    id: `corp#${subject}`,
    issuer: "corp",
    subject,
    kind,
    groups,
    delegation: [],
    token: "t",
    claims,
  }));

const table = fc.constantFrom("orders/s1.t1", "orders/s1.t2", "orders/s2.t1", "orders/s2.t2");
const operation: fc.Arbitrary<Operation> = fc.oneof(
  fc
    .record({
      table,
      use: fc.constantFrom("output" as const, "predicate" as const),
      tag: fc.boolean(),
    })
    .map(({ table: id, use, tag }) => ({
      action: "read" as const,
      resource: { type: "Table" as const, id, ...(tag && { tags: ["builtin:values"] }) },
      use,
    })),
  fc
    .record({
      table,
      use: fc.constantFrom("output" as const, "lookup" as const, "predicate" as const),
    })
    .map(({ table: id, use }) => ({
      action: "read" as const,
      resource: { type: "Column" as const, id: `${id}.c1` },
      use,
    })),
  fc
    .record({ table, parent: table, where: fc.boolean() })
    .filter((one) => one.table !== one.parent)
    .map(({ table: id, parent, where }) => ({
      action: "delete" as const,
      resource: { type: "Table" as const, id, in: [{ type: "Table" as const, id: parent }] },
      where,
    })),
  fc.constant({
    action: "opaque" as const,
    resource: { type: "Connection" as const, id: "orders" },
  }),
);

const asked = fc
  .record({
    principal,
    address: fc.constantFrom("10.0.0.1:1", "10.0.0.1:2", "192.168.0.1:1"),
    kind: fc.constantFrom("simple" as const, "prepare" as const),
    operations: fc.array(operation, { maxLength: 3 }),
  })
  .map((one): Asked => ({ ...one, connection: "orders" }));

/** As commands come from the bus: equal principals and operations are often the same objects, frozen. */
function shared(all: readonly Asked[]): Asked[] {
  const known = new Map<string, object>();
  const share = <T extends object>(value: T): T => {
    const key = JSON.stringify(value);
    const frozen = known.get(key) ?? Object.freeze(value);
    known.set(key, frozen);
    return frozen as T;
  };
  return all.map((one) => ({
    ...one,
    principal: share(one.principal),
    operations: share(one.operations),
  }));
}

test("what is remembered is what would be judged anew, whatever was judged before", () => {
  fc.assert(
    fc.property(
      fc.subarray(pool, { minLength: 1 }),
      fc.array(asked, { minLength: 2, maxLength: 8 }),
      fc.boolean(),
      (policies, all, sharing) => {
        const engine = engineOf(policies);
        for (const one of sharing ? shared(all) : all)
          expect(engine.judge(one, 0)).toEqual(engineOf(policies).judge(one, 0));
      },
    ),
    { numRuns: 16 },
  );
}, 30_000);
