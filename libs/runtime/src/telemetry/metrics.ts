/** Where a metric comes from. */
export type Origin = "proxy" | "policy" | "approval" | "recorder" | "authn";

export interface Metric {
  /** `counter` and `histogram` are told as it happens; `total` (only grows) and `gauge` are read when somebody asks. */
  readonly kind: "counter" | "histogram" | "total" | "gauge";
  /** UCUM, as OpenTelemetry has it: `s`, `By`, `1` for a ratio or a flag, `{thing}` for a count. */
  readonly unit: string;
  readonly description: string;
  readonly attributes: readonly string[];
  readonly by: readonly Origin[];
}

const every = ["proxy", "policy", "approval", "recorder", "authn"] as const;

/**
 * Every metric that a service exports, by its OpenTelemetry name. Semantic conventions where they have one
 * (`db.client.operation.duration`); the rest is ours, under `sallyport.`.
 */
export const metrics = {
  "sallyport.alarms": {
    kind: "total",
    unit: "{alarm}",
    description: "What must never happen, and did",
    attributes: ["sallyport.alarm"],
    by: every,
  },
  "sallyport.bus.connected": {
    kind: "gauge",
    unit: "1",
    description: "1 while the service is connected to the bus",
    attributes: [],
    by: every,
  },
  "sallyport.sessions": {
    kind: "gauge",
    unit: "{session}",
    description: "Live sessions",
    attributes: ["sallyport.connection"],
    by: ["proxy"],
  },
  "sallyport.logins": {
    kind: "counter",
    unit: "{login}",
    description: "Log-ins by what came of them: `ok`, or an error code",
    attributes: ["sallyport.outcome"],
    by: ["proxy"],
  },
  "sallyport.commands": {
    kind: "counter",
    unit: "{command}",
    description: "Commands by verdict (`pass`, `deny`, or `none` when none came) and outcome",
    attributes: [
      "sallyport.connection",
      "sallyport.command.kind",
      "sallyport.verdict",
      "sallyport.outcome",
    ],
    by: ["proxy"],
  },
  "sallyport.refusals": {
    kind: "counter",
    unit: "{command}",
    description: "What the proxy refused by itself, before any gate, by error code",
    attributes: ["sallyport.code"],
    by: ["proxy"],
  },
  "sallyport.gate.duration": {
    kind: "histogram",
    unit: "s",
    description:
      "From a command's publishing to the answer of a gate (`record`, `policy`) and to both; a hold's wait does not count",
    attributes: ["sallyport.gate"],
    by: ["proxy"],
  },
  "db.client.operation.duration": {
    kind: "histogram",
    unit: "s",
    description: "From a command's sending to the target's last answer",
    attributes: ["db.system.name", "sallyport.connection", "error.type"],
    by: ["proxy"],
  },
  "sallyport.output": {
    kind: "counter",
    unit: "By",
    description: "Bytes of results that left for clients",
    attributes: ["sallyport.connection"],
    by: ["proxy"],
  },
  "sallyport.rows": {
    kind: "counter",
    unit: "{row}",
    description: "Rows that left for clients",
    attributes: ["sallyport.connection"],
    by: ["proxy"],
  },
  "sallyport.gate.waiting": {
    kind: "gauge",
    unit: "{command}",
    description: "Commands that wait for a gate, held ones included",
    attributes: [],
    by: ["proxy"],
  },
  "sallyport.policy.probing": {
    kind: "gauge",
    unit: "1",
    description: "1 while policy is silent, and one command a second asks for it",
    attributes: [],
    by: ["proxy"],
  },
  "sallyport.beat.current": {
    kind: "gauge",
    unit: "1",
    description:
      "1 while authn's beat is heard and no revocation is missing; otherwise nothing is forwarded",
    attributes: [],
    by: ["proxy"],
  },
  "sallyport.stream.fill": {
    kind: "gauge",
    unit: "1",
    description:
      "How full a stream is: over 0.75 of `record` no session opens, over 0.9 no command passes",
    attributes: ["sallyport.stream"],
    by: ["proxy"],
  },
  "sallyport.record.unacknowledged": {
    kind: "gauge",
    unit: "By",
    description: "Bytes of events that are not stored yet",
    attributes: [],
    by: ["proxy", "policy", "approval", "authn"],
  },
  "sallyport.output.unacknowledged": {
    kind: "gauge",
    unit: "By",
    description: "Bytes of output that are not stored yet",
    attributes: [],
    by: ["proxy"],
  },
  "sallyport.bundle.revision": {
    kind: "gauge",
    unit: "{revision}",
    description: "The latest revision of the bundle that was read",
    attributes: [],
    by: ["proxy", "policy"],
  },
  "sallyport.bundle.refused": {
    kind: "gauge",
    unit: "1",
    description: "1 while the latest bundle does not load, and the one before stays in force",
    attributes: [],
    by: ["policy"],
  },
  "sallyport.policy.judgements": {
    kind: "counter",
    unit: "{command}",
    description:
      "Commands judged: `pass`, `deny`, `hold`, and whether that was remembered; `late` ones got no answer",
    attributes: ["sallyport.decision", "sallyport.remembered"],
    by: ["policy"],
  },
  "sallyport.policy.duration": {
    kind: "histogram",
    unit: "s",
    description: "What judging a command takes",
    attributes: ["sallyport.decision", "sallyport.remembered"],
    by: ["policy"],
  },
  "sallyport.holds": {
    kind: "gauge",
    unit: "{hold}",
    description: "Holds that are open, or approved and not yet used",
    attributes: ["sallyport.hold.state"],
    by: ["approval"],
  },
  "sallyport.holds.oldest": {
    kind: "gauge",
    unit: "s",
    description: "How long the open hold that waits longest has waited; 0 without one",
    attributes: [],
    by: ["approval"],
  },
  "sallyport.holds.duration": {
    kind: "histogram",
    unit: "s",
    description: "From a hold's opening to its end, by what ended it",
    attributes: ["sallyport.hold.state"],
    by: ["approval"],
  },
  "sallyport.webhooks.attempts": {
    kind: "total",
    unit: "{attempt}",
    description:
      "Attempts to tell a webhook of a hold, by what came of them: `delivered`, `failed`",
    attributes: ["sallyport.webhook", "sallyport.outcome"],
    by: ["approval"],
  },
  "sallyport.webhooks.abandoned": {
    kind: "total",
    unit: "{event}",
    description: "What a webhook was not told, and is told no more",
    attributes: ["sallyport.webhook"],
    by: ["approval"],
  },
  "sallyport.webhooks.undelivered": {
    kind: "gauge",
    unit: "{event}",
    description: "What a webhook was not told yet, of what was tried",
    attributes: ["sallyport.webhook"],
    by: ["approval"],
  },
  "sallyport.webhooks.oldest": {
    kind: "gauge",
    unit: "s",
    description: "Age of the oldest event that a webhook was not told yet; 0 without one",
    attributes: ["sallyport.webhook"],
    by: ["approval"],
  },
  "sallyport.recorder.active": {
    kind: "gauge",
    unit: "1",
    description: "1 on the recorder that holds a partition's lease",
    attributes: ["sallyport.partition"],
    by: ["recorder"],
  },
  "sallyport.recorder.lag": {
    kind: "gauge",
    unit: "s",
    description:
      "Age of what is in the streams and not in the archive; only the active recorder tells",
    attributes: ["sallyport.partition"],
    by: ["recorder"],
  },
  "sallyport.recorder.unread": {
    kind: "gauge",
    unit: "{message}",
    description: "Messages in the streams that were not read yet; only the active recorder tells",
    attributes: ["sallyport.partition", "sallyport.stream"],
    by: ["recorder"],
  },
  "sallyport.recorder.failing": {
    kind: "gauge",
    unit: "1",
    description: "1 while the archive takes nothing",
    attributes: ["sallyport.partition"],
    by: ["recorder"],
  },
  "sallyport.recorder.segments": {
    kind: "counter",
    unit: "{segment}",
    description: "Segments put into the archive",
    attributes: ["sallyport.partition"],
    by: ["recorder"],
  },
  "sallyport.authn.duration": {
    kind: "histogram",
    unit: "s",
    description: "What finding out whose a token is takes, by outcome: `ok`, or an error code",
    attributes: ["sallyport.outcome"],
    by: ["authn"],
  },
  "sallyport.revocations": {
    kind: "gauge",
    unit: "{principal}",
    description: "Principals that are cut off",
    attributes: [],
    by: ["authn"],
  },
  "sallyport.revocations.complete": {
    kind: "gauge",
    unit: "1",
    description: "1 when all revocations of the archive are on the bus; before, nobody is served",
    attributes: [],
    by: ["authn"],
  },
} as const satisfies Readonly<Record<string, Metric>>;

export type MetricName = keyof typeof metrics;
type Of<Kind extends Metric["kind"]> = {
  [Name in MetricName]: (typeof metrics)[Name]["kind"] extends Kind ? Name : never;
}[MetricName];
export type CounterName = Of<"counter">;
export type HistogramName = Of<"histogram">;
export type ObservedName = Of<"total" | "gauge">;

const suffixes: Readonly<Record<string, string>> = { s: "_seconds", By: "_bytes" };

/**
 * A metric's name as Prometheus has it, the same whether it scrapes us or is sent OTLP with its default translation:
 * with the unit, `_total` for what only grows, `_ratio` for gauges without a unit.
 */
export function prometheusName(name: MetricName): string {
  const { kind, unit } = metrics[name];
  const grows = kind === "counter" || kind === "total";
  return (
    name.replaceAll(".", "_") +
    (suffixes[unit] ?? (unit === "1" && kind === "gauge" ? "_ratio" : "")) +
    (grows ? "_total" : "")
  );
}

/** The bounds of histograms, in their unit: a tenth of a millisecond to a minute; holds take longer. */
export const bounds = {
  short: [
    0.0001, 0.0002, 0.0005, 0.001, 0.002, 0.004, 0.008, 0.016, 0.032, 0.064, 0.128, 0.256, 0.512, 1,
    2, 5, 10, 60,
  ],
  long: [1, 5, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 14_400, 86_400],
} as const;

export const boundsOf = (name: HistogramName): number[] => [
  ...(name === "sallyport.holds.duration" ? bounds.long : bounds.short),
];
