/**
 * What a judgement costs, by number of policies: `node bench/judge.ts`. Pure computation on one core, no bus.
 * `evaluated`: one operation that Cedar judges, because a policy looks at the time; `new`: a table that was never asked but that
 * no policy can tell from another; `again`: a command like one before; `line`: reading the command's line,
 * judging it and writing its verdict's line, as the policy service does for each command of `pgbench -S`.
 */
import { performance } from "node:perf_hooks";
import { loadBundle, type Asked, type Engine } from "@sallyport/cedar";
import { Command, eventHash, type Operation, type Principal } from "@sallyport/contracts";

const columns = Object.fromEntries(
  Array.from({ length: 60 }, (_, n) => [`public.customers.c${n}`, n % 2 === 0 ? ["pii"] : ["pci"]]),
);

function engineOf(policies: number, ...more: string[]): Engine {
  const text = [
    ...more,
    `@id("ci") permit (principal in Group::"corp/ci", action in [Action::"connect", Action::"read", Action::"write"], resource in Connection::"orders");`,
    `@id("pii") @mask("partial") forbid (principal, action == Action::"read", resource in Tag::"pii") unless { context.use == "lookup" };`,
    `@id("deletes") @hold("corp/dba") forbid (principal, action == Action::"delete", resource in Connection::"orders");`,
    ...Array.from(
      { length: policies - 3 },
      (_, n) =>
        `@id("p${n}") permit (principal in Group::"corp/g${n % 40}", action in [Action::"read", Action::"write"], resource in Schema::"orders/s${n}") when { resource in Tag::"production" };`,
    ),
  ].join("\n");
  const loaded = loadBundle({
    connections: {
      orders: {
        protocol: "postgres",
        target: { host: "127.0.0.1", port: 5432, database: "orders", tls: "off" },
        credentials: { username: "app" },
        tags: ["production"],
        columns,
        record: "rows",
      },
    },
    issuers: ["corp"],
    approvers: {},
    baseline: true,
    policies: [{ file: "bench.cedar", text }],
  });
  if ("mistakes" in loaded) throw new Error(JSON.stringify(loaded.mistakes));
  return loaded.engine;
}

/** In a quarter of the groups that policies name: its slices are as large as they get in practice. */
const principal: Principal = {
  id: "corp#ci",
  issuer: "corp",
  subject: "ci",
  kind: "workload",
  groups: ["corp/ci", ...Array.from({ length: 10 }, (_, n) => `corp/g${n * 4}`)],
  delegation: [],
  token: "t",
  claims: {},
};

const asked = (...operations: Operation[]): Asked => ({
  principal,
  connection: "orders",
  address: "10.0.0.1:4711",
  kind: "execute",
  operations,
});

const read = (table: string): Operation => ({
  action: "read",
  resource: {
    type: "Table",
    id: `orders/public.${table}`,
    in: [{ type: "Schema", id: "orders/public" }],
  },
  use: "output",
});

const column = (name: string): Operation => ({
  action: "read",
  resource: {
    type: "Column",
    id: `orders/${name}`,
    in: [{ type: "Table", id: "orders/public.customers" }],
  },
  use: "output",
});

/** Microseconds a call: the median of nine rounds. */
function measure(calls: number, call: (n: number) => void): number {
  let n = 0;
  const rounds = Array.from({ length: 9 }, () => {
    const began = performance.now();
    for (let i = 0; i < calls; i++) call(n++);
    return ((performance.now() - began) * 1000) / calls;
  });
  return rounds.toSorted((a, b) => a - b)[4] ?? 0;
}

const lineOf = ({ principal: who, ...rest }: Asked): Buffer =>
  Buffer.from(
    JSON.stringify({
      v: 1,
      type: "command",
      session: "a".repeat(26),
      n: 7,
      prev: "0".repeat(64),
      time: 1_700_000_000_000,
      command: "b".repeat(26),
      principal: who,
      text: "SELECT abalance FROM pgbench_accounts WHERE aid = $1",
      parameters: [{ oid: 23, format: 0, value: "4711" }],
      mayWait: true,
      deadline: 1_700_000_002_000,
      revision: 1,
      ...rest,
    }),
  );

for (const policies of [10, 50, 200]) {
  const engine = engineOf(policies);
  const began = performance.now();
  engine.judge(asked(read("first")), 0);
  const first = (performance.now() - began) * 1000;
  const fresh = measure(40, (n) => engine.judge(asked(read(`t${n}`)), 0));
  const timed = engineOf(
    policies,
    `@id("t") forbid (principal, action == Action::"read", resource) when { context.time < datetime("2000-01-01") && context.use == "write" };`,
  );
  timed.judge(asked(read("first")), 0);
  const evaluated = measure(40, (n) => timed.judge(asked(read(`t${n}`)), 1e12));
  const wide = asked(...Object.keys(columns).map(column));
  const wideBegan = performance.now();
  engine.judge(wide, 0);
  const wideFirst = (performance.now() - wideBegan) * 1000;
  const again = measure(5000, () => engine.judge(asked(read("first")), 0));
  const wideAgain = measure(500, () => engine.judge(wide, 0));
  const line = lineOf(asked(read("first")));
  const whole = measure(5000, () => {
    const command = Command.parse(JSON.parse(line.toString("utf8")));
    const { masks, policies: by } = engine.judge(command, 0);
    JSON.stringify({ hash: eventHash(line), command: command.command, masks, policies: by });
  });
  const micros = (value: number): string => `${value.toFixed(value < 100 ? 1 : 0)} µs`;
  process.stdout.write(
    `${policies} policies: first ${micros(first)}, evaluated ${micros(evaluated)} (${Math.round(1e6 / evaluated)}/s), new ${micros(fresh)} (${Math.round(1e6 / fresh)}/s), ` +
      `again ${micros(again)} (${Math.round(1e6 / again)}/s), 60 columns ${micros(wideFirst)} then ${micros(wideAgain)}, ` +
      `line ${micros(whole)} (${Math.round(1e6 / whole)}/s)\n`,
  );
}
