import type { Analysed } from "./analysis.ts";
import type { Throughput } from "./throughput.ts";
import type { Workers } from "./workers.ts";

/** Everything that a run measured; what was left out is not there. */
export interface Report {
  readonly date: string;
  readonly commit: string;
  readonly quick: boolean;
  readonly machine: { readonly cpu: string; readonly cores: number; readonly load: number[] };
  readonly versions: Readonly<Record<string, string>>;
  readonly skipped: string[];
  readonly throughput: Throughput[];
  readonly workers: Workers[];
  readonly tls: Throughput[];
  readonly rules: Throughput[];
  readonly telemetry: Throughput[];
  /** Milliseconds a SELECT of 5,000 rows, and times direct. */
  readonly rows: { door: string; table: string; ms: number; ofDirect: number }[];
  /** Bytes a second, and parts of HAProxy's. */
  readonly copy: {
    door: string;
    bytesPerSecond: number;
    /** Of the relay, or the gateway's worker, at most. */
    residentBytes: number;
    ofDirect: number;
    ofHaproxy: number;
  }[];
  readonly logIns: { door: string; perSecond: number; ofDirect: number }[];
  readonly idle: { door: string; sessions: number; bytes: number }[];
  readonly analysis: Analysed[];
  /** What the gateways complained of while they were measured. */
  readonly troubles: Readonly<Record<string, string[]>>;
}

const round = (value: number, digits = 2): string => value.toFixed(digits);

/** A table of Markdown, its columns as wide as they need. */
export function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const widths = head.map((cell, at) =>
    Math.max(cell.length, ...rows.map((row) => row[at]?.length ?? 0)),
  );
  const line = (cells: readonly string[]): string =>
    `| ${cells.map((cell, at) => cell.padEnd(widths[at] ?? 0)).join(" | ")} |`;
  return [
    line(head),
    `|${widths.map((width) => "-".repeat(width + 2)).join("|")}|`,
    ...rows.map(line),
  ].join("\n");
}

const cpuText = (cpu: Readonly<Record<string, number>>): string =>
  Object.entries(cpu)
    .map(([name, seconds]) => `${name} ${round(seconds, 1)}`)
    .join(", ");

function throughputTable(rows: readonly Throughput[], base: string): string {
  return table(
    [
      "protocol",
      "clients",
      "door",
      "per second",
      "of direct",
      `of ${base}`,
      "latency ms",
      "CPU s for 100,000",
    ],
    rows.flatMap(({ protocol, clients, doors }) =>
      doors.map(({ door, perSecond, ofDirect, ofBase, latencyMs, cpu }) => [
        protocol,
        String(clients),
        door,
        round(perSecond, 0),
        round(ofDirect),
        ofBase === null ? "" : round(ofBase),
        round(latencyMs),
        cpuText(cpu),
      ]),
    ),
  );
}

/** The report as people read it. */
export function reportText(report: Report): string {
  const { machine, versions, skipped, commit, date, quick } = report;
  const parts = [
    `${date}, commit ${commit}${quick ? ", --quick" : ""}; ${machine.cores} cores of ${machine.cpu}; load at the start and the end ${machine.load.join(", ")}`,
    Object.values(versions).join("; "),
    ...skipped.map((what) => `skipped: ${what}`),
  ];
  const add = (title: string, rows: readonly unknown[], text: () => string): void => {
    if (rows.length > 0) parts.push(`\n${title}\n\n${text()}`);
  };
  add("pgbench -S", report.throughput, () => throughputTable(report.throughput, "PgBouncer"));
  add("By number of workers, each on a part of a core of its own", report.workers, () =>
    table(
      ["workers", "core each", "per second", "of one", "used of it", "CPU s for 100,000"],
      report.workers.map(({ workers, part, perSecond, ofOne, used, cpu }) => [
        String(workers),
        round(part),
        round(perSecond, 0),
        round(ofOne),
        round(used),
        cpuText(cpu),
      ]),
    ),
  );
  add("With TLS", report.tls, () => throughputTable(report.tls, "PgBouncer, TLS"));
  add("By number of policies", report.rules, () => throughputTable(report.rules, "10 policies"));
  add("With a trace of every command, and metrics", report.telemetry, () =>
    throughputTable(report.telemetry, "telemetry off"),
  );
  add("SELECT of 5,000 rows, 7 columns", report.rows, () =>
    table(
      ["door", "columns", "ms", "times direct"],
      report.rows.map(({ door, table: columns, ms, ofDirect }) => [
        door,
        columns,
        round(ms),
        round(ofDirect),
      ]),
    ),
  );
  add("COPY out", report.copy, () =>
    table(
      ["door", "MB/s", "of direct", "of HAProxy", "resident MB"],
      report.copy.map(({ door, bytesPerSecond, ofDirect, ofHaproxy, residentBytes }) => [
        door,
        round(bytesPerSecond / 1e6, 0),
        round(ofDirect),
        Number.isNaN(ofHaproxy) ? "" : round(ofHaproxy),
        residentBytes === 0 ? "" : round(residentBytes / 1e6, 0),
      ]),
    ),
  );
  add("Log-ins (connect, one SELECT, leave; 8 at a time)", report.logIns, () =>
    table(
      ["door", "per second", "of direct"],
      report.logIns.map(({ door, perSecond, ofDirect }) => [
        door,
        round(perSecond, 0),
        round(ofDirect),
      ]),
    ),
  );
  add("Idle sessions", report.idle, () =>
    table(
      ["door", "sessions", "kB each"],
      report.idle.map(({ door, sessions, bytes }) => [
        door,
        String(sessions),
        round(bytes / 1000, 1),
      ]),
    ),
  );
  add("Reading a statement, microseconds", report.analysis, () =>
    table(
      [
        "set",
        "statements",
        "not traced",
        "parse",
        "analysis",
        "slowest, both",
        "which",
        "seen before, of parsing",
        "at most",
      ],
      report.analysis.map((set) => [
        set.set,
        String(set.statements),
        String(set.opaque),
        round(set.parse, 0),
        round(set.analysis, 0),
        round(set.slowest, 0),
        `\`${set.slowestText}…\``,
        round(set.again, 3),
        round(set.againMost, 3),
      ]),
    ),
  );
  for (const [door, lines] of Object.entries(report.troubles))
    if (lines.length > 0)
      parts.push(`\n${door} complained ${lines.length} times, first: ${lines[0]?.slice(0, 300)}`);
  return `${parts.join("\n")}\n`;
}
