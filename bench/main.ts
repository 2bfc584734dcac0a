/**
 * `npm run bench`: the gateway beside the direct way, PgBouncer and HAProxy, in one run (`--help` tells more).
 * Method and last result: docs/performance.md.
 */
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { cpus, tmpdir } from "node:os";
import { join } from "node:path";
import { startIssuer } from "@sallyport/testkit";
import { analysisCosts } from "./analysis.ts";
import { benchArguments, type Section } from "./arguments.ts";
import { copyOut, type Copied } from "./copying.ts";
import type { Door } from "./door.ts";
import { Gateway, type GatewayOptions } from "./gateway.ts";
import { idleSession } from "./idle-sessions.ts";
import { pgbench } from "./pgbench.ts";
import { openCollector } from "./collector.ts";
import { direct, haproxy, pgbouncer, program, versionOf } from "./relays.ts";
import { reportText, type Report } from "./report.ts";
import { interleaved, median, medianRatio } from "./rounds.ts";
import { fillBulk, startTarget } from "./target.ts";
import { throughput } from "./throughput.ts";
import { familyOf, loadAverage } from "./usage.ts";
import { CpuBudget, noBudget } from "./cpu-budget.ts";
import { workers } from "./workers.ts";

const { quick, wanted, json } = benchArguments();
const wants = (section: Section): boolean => wanted.has(section);
const rounds = quick ? 3 : 5;
const seconds = quick ? 2 : 6;
const warmUp = quick ? 6 : 15;
const copyBytes = quick ? 100e6 : 1e9;
const idleSessions = quick ? 200 : 1000;

const say = (text: string): void => void process.stderr.write(`${text}\n`);
const git = (...args: string[]): string => execFileSync("git", args, { encoding: "utf8" }).trim();
const skipped: string[] = [];
const need = (name: string, what: string): string | null => {
  const path = program(name);
  if (path === null) skipped.push(`${what}: this machine has no \`${name}\``);
  return path;
};

const pgbenchPath = program("pgbench");
if (pgbenchPath === null || program("psql") === null) {
  say("`pgbench` and `psql` are needed (Debian: postgresql-15)");
  process.exit(1);
}
const bouncerPath = need("pgbouncer", "PgBouncer");
const haproxyPath = need("haproxy", "HAProxy");

await using resources = new AsyncDisposableStack();
const scripts = mkdtempSync(join(tmpdir(), "sallyport-bench-"));
resources.defer(() => rmSync(scripts, { recursive: true, force: true }));
const target = resources.use(await startTarget(idleSessions + 300));
const issuer = resources.use(await startIssuer());
const gateways: Gateway[] = [];
const gateway = async (
  name: string,
  over: Partial<
    Pick<GatewayOptions, "durability" | "tls" | "rules" | "telemetry" | "workers">
  > = {},
  warm = true,
): Promise<Gateway> => {
  say(`starting ${name}`);
  const started = resources.use(
    await Gateway.start({
      name,
      target,
      issuer,
      durability: "buffered",
      tls: false,
      rules: 4,
      ...over,
    }),
  );
  gateways.push(started);
  // Its services compile what they run often; what a deployment does after its first minute is measured.
  for (const protocol of warm ? (["simple", "prepared"] as const) : [])
    await pgbench(await started.env(), { protocol, clients: 8, seconds: warmUp });
  return started;
};

const straight = direct(target);
const bouncer = bouncerPath
  ? resources.use(await pgbouncer(bouncerPath, target, false))
  : undefined;
const relay = haproxyPath ? resources.use(await haproxy(haproxyPath, target)) : undefined;
const buffered = await gateway("Sallyport", {}, wanted.size > 1 || !wants("analysis"));
const doors: Door[] = [
  straight,
  ...(bouncer ? [bouncer] : []),
  ...(relay ? [relay] : []),
  buffered,
];
/** Every door, and the gateway with each way to record what comes back. */
const ways = [
  ...doors
    .filter((door) => door !== buffered)
    .map((door) => ({ door, name: door.name, connection: undefined })),
  ...(["digest", "rows"] as const).map((connection) => ({
    door: buffered,
    name: `Sallyport, record: ${connection}`,
    connection,
  })),
];
const common = { direct: straight, targetPid: () => target.pid, rounds, seconds };

const report: Report = {
  date: new Date().toISOString().slice(0, 10),
  commit: `${git("rev-parse", "--short", "HEAD")}${git("status", "--porcelain", "--untracked-files=no") === "" ? "" : " with changes"}`,
  quick,
  machine: { cpu: cpus()[0]?.model ?? "", cores: cpus().length, load: [loadAverage()] },
  versions: {
    node: `Node ${process.version}`,
    postgres:
      (await target.query<{ version: string }>("SELECT version()"))[0]?.version.split(" on ")[0] ??
      "",
    pgbench: versionOf(pgbenchPath, "--version"),
    ...(bouncerPath && { pgbouncer: versionOf(bouncerPath, "--version") }),
    ...(haproxyPath && { haproxy: versionOf(haproxyPath, "-v") }),
  },
  skipped,
  throughput: [],
  workers: [],
  tls: [],
  rules: [],
  telemetry: [],
  rows: [],
  copy: [],
  logIns: [],
  idle: [],
  analysis: [],
  troubles: {},
};

if (wants("throughput")) {
  const all = [...doors, await gateway("Sallyport, fsync", { durability: "fsync" })];
  for (const protocol of ["simple", "prepared"] as const)
    for (const clients of [1, 8, 32]) {
      say(`pgbench -S, ${protocol}, ${clients} clients`);
      const options = { ...common, base: bouncer, protocol, clients };
      report.throughput.push(await throughput(all, options));
    }
}

if (wants("workers")) {
  const impossible = noBudget();
  if (impossible !== null) skipped.push(`two workers beside one: ${impossible}`);
  else {
    // On a machine that others use, what is measured comes before them; what this process starts is of its group.
    const preferred = resources.use(new CpuBudget("all", null));
    for (const pid of [process.pid, ...familyOf(target.pid)]) preferred.take(pid);
    const both = [
      { gateway: await gateway("one worker", { workers: 1 }), workers: 1 },
      { gateway: await gateway("two workers", { workers: 2 }), workers: 2 },
    ];
    say("pgbench -S by number of workers");
    report.workers.push(
      ...(await workers(both, {
        ...common,
        protocol: "prepared",
        // Many: with few each of two workers would gather fewer commands into a message than one does.
        clients: 64,
        // Long beside the log-ins, which a slow core takes its time for.
        seconds: quick ? 10 : 20,
        part: 0.2,
      })),
    );
  }
}

if (wants("tls")) {
  const bouncerTls = bouncerPath
    ? resources.use(await pgbouncer(bouncerPath, target, true))
    : undefined;
  const all = [
    straight,
    ...(bouncerTls ? [bouncerTls] : []),
    await gateway("Sallyport, TLS", { tls: true }),
  ];
  say("pgbench -S with TLS");
  const options = {
    ...common,
    base: bouncerTls,
    protocol: "prepared" as const,
    clients: 8,
  };
  report.tls.push(await throughput(all, options));
}

if (wants("rules")) {
  const few = await gateway("10 policies", { rules: 10 });
  const many = await gateway("2,000 policies", { rules: 2000 });
  say("pgbench -S by number of policies");
  const options = { ...common, base: few, protocol: "prepared" as const, clients: 8 };
  report.rules.push(await throughput([straight, few, many], options));
}

if (wants("telemetry")) {
  const off = await gateway("telemetry off");
  const collector = resources.use(await openCollector());
  const on = await gateway("telemetry on", { telemetry: collector.endpoint });
  say("pgbench -S by telemetry");
  const options = { ...common, base: off, protocol: "prepared" as const, clients: 8 };
  report.telemetry.push(await throughput([straight, off, on], options));
}

if (wants("rows")) {
  for (const [table, columns] of [
    ["plain", "none masked"],
    ["customers", "two masked"],
  ] as const) {
    say(`SELECT of 5,000 rows, ${columns}`);
    const script = join(scripts, `${table}.sql`);
    writeFileSync(
      script,
      `SELECT id, name, email, card_number, city, amount, since FROM ${table};\n`,
    );
    const measured = await interleaved(ways, rounds, async ({ door, connection }) => {
      const options = { protocol: "simple", clients: 1, seconds, script } as const;
      return (await pgbench(await door.env(connection), options)).latencyMs;
    });
    const base = [...measured].find(([way]) => way.door === straight)?.[1] ?? [];
    for (const [door, ms] of measured)
      report.rows.push({
        door: door.name,
        table: columns,
        ms: median(ms),
        ofDirect: medianRatio(ms, base),
      });
  }
}

if (wants("copy")) {
  await fillBulk(target, copyBytes);
  say(`COPY out of ${copyBytes / 1e6} MB`);
  const measured = await interleaved(ways, 3, ({ door, connection }) => copyOut(door, connection));
  const rates = (copied: readonly Copied[] = []): number[] =>
    copied.map(({ bytesPerSecond }) => bytesPerSecond);
  const speedsOf = (door: Door | undefined): number[] =>
    rates([...measured].find(([way]) => way.door === door)?.[1]);
  for (const [way, copied] of measured) {
    const speeds = rates(copied);
    report.copy.push({
      door: way.name,
      bytesPerSecond: median(speeds),
      residentBytes: Math.max(...copied.map(({ residentBytes }) => residentBytes)),
      ofDirect: medianRatio(speeds, speedsOf(straight)),
      ofHaproxy: medianRatio(speeds, speedsOf(relay)),
    });
  }
}

if (wants("log-ins")) {
  say("log-ins");
  const measured = await interleaved(doors, rounds, async (door) => {
    const options = { protocol: "simple", clients: 8, seconds, reconnect: true } as const;
    return (await pgbench(await door.env(), options)).perSecond;
  });
  const base = measured.get(straight) ?? [];
  for (const [door, speeds] of measured)
    report.logIns.push({
      door: door.name,
      perSecond: median(speeds),
      ofDirect: medianRatio(speeds, base),
    });
}

if (wants("idle")) {
  say(`${idleSessions} idle sessions`);
  // One that has no memory left over from other work.
  const fresh = await gateway("Sallyport, idle", {}, false);
  const bytes = await idleSession(fresh, "proxy", idleSessions);
  report.idle.push({ door: fresh.name, sessions: idleSessions, bytes });
  if (bouncer)
    report.idle.push({
      door: bouncer.name,
      sessions: idleSessions,
      bytes: await idleSession(bouncer, "pgbouncer", idleSessions),
    });
}

if (wants("analysis")) {
  say("reading statements");
  report.analysis.push(...(await analysisCosts()));
}

report.machine.load.push(loadAverage());
const complete: Report = {
  ...report,
  troubles: Object.fromEntries(
    await Promise.all(gateways.map(async (each) => [each.name, await each.troubles()] as const)),
  ),
};
writeFileSync(json, `${JSON.stringify(complete, null, 2)}\n`);
process.stdout.write(reportText(complete));
