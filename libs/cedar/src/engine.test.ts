import type { Operation, Principal } from "@sallyport/contracts";
import { describe, expect, test } from "vitest";
import { loadBundle, type Asked, type Engine } from "./engine.ts";
import { explain } from "./explain.ts";
import type { PolicyBundle } from "./load.ts";
import { policyMistakeText } from "./mistake.ts";

const connection = (columns: Record<string, string[]>): PolicyBundle["connections"][string] => ({
  protocol: "postgres",
  target: { host: "127.0.0.1", port: 5432, database: "x", tls: "off" },
  credentials: { username: "app" },
  tags: ["production"],
  columns,
  record: "rows",
});

function engineOf(text: string, bundle: Partial<PolicyBundle> = {}): Engine {
  const loaded = loadBundle({
    connections: {
      orders: connection({
        "public.customers.email": ["pii"],
        "public.customers.card": ["pii", "pci"],
      }),
      billing: connection({}),
    },
    issuers: ["corp"],
    approvers: {},
    baseline: true,
    policies: [{ file: "test.cedar", text }],
    ...bundle,
  });
  if ("mistakes" in loaded) throw new Error(loaded.mistakes.map(policyMistakeText).join("\n"));
  return loaded.engine;
}

const ci: Principal = {
  id: "corp#ci",
  issuer: "corp",
  subject: "ci",
  kind: "workload",
  groups: ["corp/ci"],
  delegation: [],
  token: "t1",
  claims: { repository: "acme/shop", scopes: ["a", "b"], retries: 3 },
};

const asked = (operations: Operation[], change: Partial<Asked> = {}): Asked => ({
  principal: ci,
  connection: "orders",
  address: "10.1.2.3:51000",
  kind: "simple",
  operations,
  ...change,
});

const noon = Date.UTC(2026, 10, 22, 12);
const orders = { type: "Table", id: "orders/public.orders" } as const;
const customers = { type: "Table", id: "orders/public.customers" } as const;
const email = (use: "output" | "lookup" | "predicate" | "write"): Operation => ({
  action: "read",
  resource: { type: "Column", id: "orders/public.customers.email", tags: ["pii"] },
  use,
});
const card: Operation = {
  action: "read",
  resource: { type: "Column", id: "orders/public.customers.card" },
  use: "output",
};
const readOrders: Operation = { action: "read", resource: orders, use: "output" };
const deleteOrders: Operation = { action: "delete", resource: orders, where: true };
const opaque: Operation = {
  action: "opaque",
  resource: { type: "Connection", id: "orders" },
  detail: "DO block",
};

const permitCi = `@id("ci-works") permit (principal in Group::"corp/ci", action in [Action::"connect", Action::"read", Action::"write"], resource in Connection::"orders");`;
const permitAll = `@id("all") permit (principal, action, resource);`;

describe("the two questions", () => {
  test("what is permitted passes, by the policy that permits it", () => {
    expect(engineOf(permitCi).judge(asked([readOrders]), noon)).toMatchObject({
      decision: "pass",
      policies: ["ci-works"],
      masks: [],
      holds: [],
    });
  });

  test("nothing said is no", () => {
    const drop: Operation = { action: "drop", resource: orders };
    expect(engineOf(permitCi).judge(asked([drop]), noon)).toMatchObject({
      decision: "deny",
      reasons: [{ policy: "builtin:default", operation: "drop orders/public.orders" }],
    });
  });

  test("a plain forbid beats a permit, and gives its reason", () => {
    const engine = engineOf(
      `${permitAll} @id("no-ddl") @reason("use migrations") forbid (principal, action in Action::"define", resource);`,
    );
    const drop: Operation = { action: "drop", resource: orders };
    expect(engine.judge(asked([drop]), noon)).toMatchObject({
      decision: "deny",
      reasons: [
        { policy: "no-ddl", reason: "use migrations", operation: "drop orders/public.orders" },
      ],
      policies: ["no-ddl"],
    });
  });

  test("a condition that could be met does not turn default deny into a yes", () => {
    const engine = engineOf(
      `@id("hold") @hold("corp/dba") forbid (principal, action == Action::"delete", resource);
       @id("mask") @mask("redact") forbid (principal, action == Action::"read", resource in Tag::"pii");`,
    );
    for (const operation of [deleteOrders, email("output")])
      expect(engine.judge(asked([operation]), noon)).toMatchObject({
        decision: "deny",
        reasons: [{ policy: "builtin:default" }],
        holds: [],
        masks: [],
      });
  });

  test("one operation that is denied denies the command", () => {
    const drop: Operation = { action: "drop", resource: orders };
    expect(engineOf(permitCi).judge(asked([readOrders, drop]), noon).decision).toBe("deny");
  });

  test("a command that asks nothing passes", () => {
    expect(engineOf(permitCi).judge(asked([]), noon).decision).toBe("pass");
  });

  test("a policy that cannot be evaluated denies, in either question", () => {
    const overflow = `when { 9223372036854775807 + (if principal.subject == "ci" then 1 else 0) > 0 }`;
    const plain = engineOf(
      `${permitAll} @id("broken") forbid (principal, action, resource) ${overflow};`,
    );
    expect(plain.judge(asked([readOrders]), noon)).toMatchObject({
      decision: "deny",
      reasons: [{ policy: "broken", reason: expect.stringContaining("could not be evaluated") }],
    });
    const conditional = engineOf(
      `${permitAll} @id("broken") @hold("corp/dba") forbid (principal, action, resource) ${overflow};`,
    );
    expect(conditional.judge(asked([readOrders]), noon)).toMatchObject({
      decision: "deny",
      reasons: [{ policy: "broken" }],
    });
  });
});

describe("masks", () => {
  const masked = `${permitCi} @id("pii") @mask("partial") forbid (principal, action == Action::"read", resource in Tag::"pii")
    unless { context.use == "lookup" };`;

  test("a mask answers what leaves; a lookup may be excluded; all other use is a plain no", () => {
    const engine = engineOf(masked);
    expect(engine.judge(asked([email("output")]), noon)).toMatchObject({
      decision: "pass",
      masks: [{ column: "orders/public.customers.email", masker: "partial", policies: ["pii"] }],
    });
    expect(engine.judge(asked([email("lookup")]), noon)).toMatchObject({
      decision: "pass",
      masks: [],
    });
    for (const use of ["predicate", "write"] as const)
      expect(engine.judge(asked([email(use)]), noon)).toMatchObject({
        decision: "deny",
        reasons: [{ policy: "pii", operation: `read orders/public.customers.email (${use})` }],
      });
  });

  test("the least revealing wins, column by column, over all operations", () => {
    const engine = engineOf(
      `${masked} @id("pci") @mask("redact") forbid (principal, action == Action::"read", resource in Tag::"pci");
       @id("last2") @mask("partial:2") forbid (principal, action == Action::"read", resource == Column::"orders/public.customers.email");`,
    );
    expect(engine.judge(asked([email("output"), card, email("output")]), noon).masks).toEqual([
      { column: "orders/public.customers.email", masker: "partial:2", policies: ["last2"] },
      { column: "orders/public.customers.card", masker: "redact", policies: ["pci"] },
    ]);
  });

  test("tags of config count even where a worker does not state them", () => {
    expect(engineOf(masked).judge(asked([card]), noon).masks).toHaveLength(1);
  });

  test("a mask that matches a table is a no, not a table unmasked", () => {
    const engine = engineOf(
      `${permitCi} @id("m") @mask("redact") forbid (principal, action == Action::"read", resource) when { resource in Connection::"orders" };`,
    );
    expect(engine.judge(asked([readOrders]), noon).decision).toBe("deny");
  });

  test("a column is in its table and schema by its name, quoted names too", () => {
    const engine = engineOf(
      `${permitAll} @id("t") forbid (principal, action == Action::"read", resource in Table::"orders/\\"Odd.s\\".\\"T\\"\\"t\\"");`,
    );
    const odd: Operation = {
      action: "read",
      resource: { type: "Column", id: `orders/"Odd.s"."T""t"."c.d"` },
      use: "output",
    };
    expect(engine.judge(asked([odd]), noon).reasons).toMatchObject([{ policy: "t" }]);
  });
});

describe("holds", () => {
  const held = `${permitCi}
    @id("dba") @hold("corp/dba") @quorum("2") @ttl("10m") @wait("30s") @reason("deletes need a DBA")
    forbid (principal, action == Action::"delete", resource);
    @id("lead") @hold("corp/lead") forbid (principal, action == Action::"delete", resource);`;

  test("every hold must be answered, with its own quorum and times", () => {
    expect(engineOf(held).judge(asked([deleteOrders, deleteOrders]), noon).holds).toEqual([
      {
        policy: "dba",
        group: "corp/dba",
        quorum: 2,
        ttl: 600_000,
        wait: 30_000,
        reason: "deletes need a DBA",
      },
      { policy: "lead", group: "corp/lead", quorum: 1, ttl: 900_000, wait: 300_000 },
    ]);
  });

  test("kind prepare and planned operations take none", () => {
    const engine = engineOf(held);
    expect(engine.judge(asked([deleteOrders], { kind: "prepare" }), noon)).toMatchObject({
      decision: "pass",
      holds: [],
    });
    expect(engine.judge(asked([{ ...deleteOrders, planned: true }]), noon).holds).toEqual([]);
    expect(engine.judge(asked([deleteOrders]), noon).holds).toHaveLength(2);
  });
});

describe("opaque", () => {
  test("asks opaque and everything else on its connection", () => {
    expect(engineOf(permitCi).judge(asked([opaque]), noon)).toMatchObject({
      decision: "deny",
      reasons: [{ policy: "builtin:default", operation: expect.stringContaining("opaque orders") }],
    });
    expect(
      engineOf(
        `${permitCi} @id("o") permit (principal, action == Action::"opaque", resource);`,
      ).judge(asked([opaque]), noon).decision,
    ).toBe("deny");
    expect(engineOf(permitAll).judge(asked([opaque]), noon).decision).toBe("pass");
    expect(
      engineOf(permitAll).judge(asked([opaque], { connection: "billing" }), noon).decision,
    ).toBe("deny");
  });

  test("takes every plain forbid, mask and hold that could concern it", () => {
    const withOne = (policy: string) =>
      engineOf(`${permitAll} @id("it") ${policy}`).judge(asked([opaque]), noon);
    expect(
      withOne(
        `@mask("email") forbid (principal, action == Action::"read", resource in Tag::"pci") when { context.use == "output" };`,
      ),
    ).toMatchObject({ decision: "deny", reasons: [{ policy: "it" }], masks: [] });
    expect(
      withOne(`forbid (principal, action == Action::"update", resource) when { !context.where };`)
        .decision,
    ).toBe("deny");
    expect(
      withOne(
        `forbid (principal, action == Action::"delete", resource == Table::"orders/public.audit");`,
      ).decision,
    ).toBe("deny");
    expect(
      withOne(
        `forbid (principal, action == Action::"delete", resource == Table::"billing/public.audit");`,
      ).decision,
    ).toBe("pass");
    expect(
      withOne(
        `@hold("corp/dba") forbid (principal, action == Action::"drop", resource in Connection::"orders");`,
      ).holds,
    ).toMatchObject([{ policy: "it" }]);
  });

  test("execute that nobody permits is opaque; one that is forbidden is forbidden", () => {
    const f: Operation = {
      action: "execute",
      resource: { type: "Function", id: "orders/public.f" },
    };
    expect(engineOf(permitCi).judge(asked([f]), noon).decision).toBe("deny");
    expect(
      engineOf(
        `${permitCi} @id("f") permit (principal, action == Action::"execute", resource == Function::"orders/public.f");`,
      ).judge(asked([f]), noon),
    ).toMatchObject({ decision: "pass", policies: ["f"] });
    const allButExecute = `@id("most") permit (principal, action, resource) unless { resource is Function };`;
    expect(engineOf(allButExecute).judge(asked([f]), noon)).toMatchObject({
      decision: "pass",
      answers: [{ opaque: true }],
    });
    expect(
      engineOf(
        `${permitAll} @id("no") forbid (principal, action == Action::"execute", resource == Function::"orders/public.f");`,
      ).judge(asked([f]), noon).reasons,
    ).toMatchObject([{ policy: "no", operation: "execute orders/public.f" }]);
  });
});

describe("shadow", () => {
  test("is recorded and never enforced", () => {
    const engine = engineOf(
      `${permitCi}
       @id("s1") @mode("shadow") forbid (principal, action == Action::"delete", resource);
       @id("s2") @mode("shadow") @mask("hash") forbid (principal, action == Action::"read", resource in Tag::"pii");
       @id("s3") @mode("shadow") @hold("corp/dba") forbid (principal, action == Action::"insert", resource);
       @id("s4") @mode("shadow") permit (principal, action == Action::"drop", resource);`,
    );
    const judged = (operation: Operation) => {
      const { decision, masks, holds, shadow } = engine.judge(asked([operation]), noon);
      return { decision, masks: masks.length, holds: holds.length, shadow };
    };
    const pass = { decision: "pass", masks: 0, holds: 0 };
    expect(judged(deleteOrders)).toEqual({ ...pass, shadow: [{ policy: "s1", effect: "deny" }] });
    expect(judged(email("output"))).toEqual({
      ...pass,
      shadow: [{ policy: "s2", effect: "mask hash" }],
    });
    expect(judged({ action: "insert", resource: orders })).toEqual({
      ...pass,
      shadow: [{ policy: "s3", effect: "hold corp/dba" }],
    });
    expect(judged({ action: "drop", resource: orders })).toEqual({
      ...pass,
      decision: "deny",
      shadow: [{ policy: "s4", effect: "permit" }],
    });
  });
});

describe("context", () => {
  test("claims, address and where", () => {
    const engine = engineOf(
      `@id("p") permit (principal, action, resource) when {
         context.claims.hasTag("repository") && context.claims.getTag("repository").contains("acme/shop") &&
         context.claims.hasTag("retries") && context.claims.getTag("retries").contains("3") &&
         context.address.isInRange(ip("10.0.0.0/8")) };
       @id("w") forbid (principal, action == Action::"delete", resource) unless { context.where };`,
    );
    expect(engine.judge(asked([readOrders]), noon).decision).toBe("pass");
    expect(engine.judge(asked([readOrders], { address: "192.168.0.1:1" }), noon).decision).toBe(
      "deny",
    );
    expect(
      engine.judge(asked([readOrders], { principal: { ...ci, claims: {} } }), noon).decision,
    ).toBe("deny");
    expect(engine.judge(asked([deleteOrders]), noon).decision).toBe("pass");
    expect(engine.judge(asked([{ ...deleteOrders, where: false }]), noon).decision).toBe("deny");
  });

  test("an address of an IPv4 client on an IPv6 socket is its IPv4 address", () => {
    const engine = engineOf(
      `@id("p") permit (principal, action, resource) when { context.address.isInRange(ip("10.0.0.0/8")) };`,
    );
    expect(
      engine.judge(asked([readOrders], { address: "[::ffff:10.0.0.9]:5" }), noon).decision,
    ).toBe("pass");
    expect(engine.judge(asked([readOrders], { address: "nowhere" }), noon).decision).toBe("deny");
  });

  test("an answer that looks at the time is not remembered past it", () => {
    const engine = engineOf(
      `@id("office") permit (principal, action, resource) when { context.time < datetime("2026-11-22T12:00:01Z") };`,
    );
    expect(engine.judge(asked([readOrders]), noon).decision).toBe("pass");
    expect(engine.judge(asked([readOrders]), noon + 2000).decision).toBe("deny");
  });
});

describe("fail closed", () => {
  const engine = engineOf(permitAll);
  test.each([
    [
      "a resource of another connection",
      { ...readOrders, resource: { type: "Table", id: "billing/public.t" } },
    ],
    [
      "an ancestor of another connection",
      { ...readOrders, resource: { ...orders, in: [{ type: "Schema", id: "billing/public" }] } },
    ],
    ["a read without its use", { action: "read", resource: orders }],
    ["a use without a read", { action: "insert", resource: orders, use: "output" }],
    ["an action on what it does not apply to", { action: "connect", resource: orders }],
    [
      "a column in a column",
      { ...readOrders, resource: { ...orders, in: [{ type: "Column", id: "orders/a.b.c" }] } },
    ],
  ] as [string, Operation][])("%s", (_what, operation) => {
    expect(engine.judge(asked([operation]), noon)).toMatchObject({
      decision: "deny",
      reasons: [{ policy: "builtin:error" }],
    });
  });

  test("an unknown connection", () => {
    const connect: Operation = { action: "connect", resource: { type: "Connection", id: "nope" } };
    expect(engine.judge(asked([connect], { connection: "nope" }), noon).decision).toBe("deny");
  });
});

describe("baseline", () => {
  const stats: Operation = {
    action: "read",
    resource: {
      type: "Table",
      id: "orders/pg_catalog.pg_stats",
      tags: ["builtin:values"],
    },
    use: "output",
  };
  test("is loaded unless it is off", () => {
    expect(engineOf(permitAll).judge(asked([stats]), noon).reasons).toMatchObject([
      { policy: "builtin:values" },
    ]);
    expect(engineOf(permitAll, { baseline: false }).judge(asked([stats]), noon).decision).toBe(
      "pass",
    );
  });
});

describe("remembering", () => {
  test("depends on all of the principal, and on nothing of another bundle", () => {
    const engine = engineOf(permitCi);
    const person = { ...ci, groups: ["corp/hr"] };
    expect(engine.judge(asked([readOrders]), noon).decision).toBe("pass");
    expect(engine.judge(asked([readOrders], { principal: person }), noon).decision).toBe("deny");
    const other = engineOf(`@id("ci-works") forbid (principal, action, resource);`);
    expect(other.judge(asked([readOrders]), noon).decision).toBe("deny");
    expect(engine.judge(asked([readOrders]), noon).decision).toBe("pass");
  });

  test("more sets than Cedar is given names for are each judged by their own policies", () => {
    const groups = Array.from({ length: 530 }, (_, n) => `g${n}`);
    const engine = engineOf(
      groups
        .map((g) => `@id("${g}") permit (principal in Group::"corp/${g}", action, resource);`)
        .join("\n"),
    );
    const judged = (g: string, where: boolean): readonly string[] => {
      const principal = { ...ci, groups: [`corp/${g}`] };
      return engine.judge(asked([{ ...deleteOrders, where }], { principal }), noon).policies;
    };
    for (const g of groups) expect(judged(g, true)).toEqual([g]);
    for (const g of groups.slice(0, 20)) expect(judged(g, false)).toEqual([g]);
  });
});

test("the explanation names operations, policies, files and lines", () => {
  const engine = engineOf(
    `${permitCi}\n@id("pii") @mask("redact")\nforbid (principal, action == Action::"read", resource in Tag::"pii");`,
  );
  const read = asked([{ ...readOrders, resource: customers }, email("output")]);
  expect(explain(engine.judge(read, noon), engine)).toEqual([
    "ALLOW, masked",
    "  yes read orders/public.customers (output)",
    "      by ci-works (test.cedar:1)",
    "  yes read orders/public.customers.email (output)",
    "      by ci-works (test.cedar:1)",
    "      by pii (test.cedar:2)",
    "mask orders/public.customers.email with redact",
  ]);
});
