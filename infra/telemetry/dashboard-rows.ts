/** A query with the name of its curve; `{{label}}` is filled in by Grafana. */
type Query = readonly [expression: string, legend: string];

export interface Panel {
  readonly title: string;
  /** What a reader should know of it. */
  readonly description?: string;
  readonly unit: "s" | "bytes" | "percentunit" | "reqps" | "short" | "ops";
  readonly queries: readonly Query[];
  /** Where it turns yellow and red. */
  readonly thresholds?: readonly [yellow: number, red: number];
  readonly kind?: "timeseries" | "stat";
}

export interface Row {
  readonly title: string;
  readonly panels: readonly Panel[];
}

const legendOf = (label: string): string => `{{${label}}}`;
/** A rate of each value of a label, under which it stands. */
const rate = (metric: string, label: string, legend = legendOf(label)): Query => [
  `sum by (${label}) (rate(${metric}[$__rate_interval]))`,
  legend,
];
/** A quantile of each value of a label, under which it stands. */
const quantile = (q: number, metric: string, label: string, legend = legendOf(label)): Query => [
  `histogram_quantile(${q}, sum by (le, ${label}) (rate(${metric}_bucket[$__rate_interval])))`,
  legend,
];
/** The greatest of each value of a label, under which it stands. */
const greatest = (metric: string, label: string, legend = legendOf(label)): Query => [
  `max by (${label}) (${metric})`,
  legend,
];

/** What an operator looks at, top to bottom. */
export const rows: readonly Row[] = [
  {
    title: "At a glance",
    panels: [
      {
        title: "Record fill",
        description: "Over 75 % no session opens, over 90 % no command passes.",
        unit: "percentunit",
        kind: "stat",
        thresholds: [0.75, 0.9],
        queries: [[`max(sallyport_stream_fill_ratio{sallyport_stream="record"})`, "record"]],
      },
      {
        title: "Archive behind",
        description: "Age of what is on the bus and not in the archive.",
        unit: "s",
        kind: "stat",
        thresholds: [60, 600],
        queries: [["max(sallyport_recorder_lag_seconds)", "lag"]],
      },
      {
        title: "Alarms",
        description: "What must never happen, and did. Look into the log for the code.",
        unit: "short",
        kind: "stat",
        thresholds: [1, 1],
        queries: [["sum(sallyport_alarms_total) or vector(0)", "alarms"]],
      },
      {
        title: "Workers that forward nothing",
        description: "They do not hear authn's beat, or nothing of policy.",
        unit: "short",
        kind: "stat",
        thresholds: [1, 1],
        queries: [
          [
            "count(sallyport_beat_current_ratio == 0 or sallyport_policy_probing_ratio == 1) or vector(0)",
            "workers",
          ],
        ],
      },
      {
        title: "Holds open",
        description: "Commands that wait for people.",
        unit: "short",
        kind: "stat",
        queries: [[`max(sallyport_holds{sallyport_hold_state="open"})`, "holds"]],
      },
      {
        title: "Sessions",
        description: "Live sessions on all workers.",
        unit: "short",
        kind: "stat",
        queries: [["sum(sallyport_sessions)", "sessions"]],
      },
    ],
  },
  {
    title: "Commands",
    panels: [
      {
        title: "Commands by outcome",
        description:
          "refused-policy: the verdict was no; refused-record: it could not be recorded.",
        unit: "ops",
        queries: [rate("sallyport_commands_total", "sallyport_outcome")],
      },
      {
        title: "Commands by connection",
        unit: "ops",
        queries: [rate("sallyport_commands_total", "sallyport_connection")],
      },
      {
        title: "Refused before the gates",
        description: "What the proxy refused by itself, by error code.",
        unit: "ops",
        queries: [rate("sallyport_refusals_total", "sallyport_code")],
      },
      {
        title: "Gates, median and 99th percentile",
        description: "From publishing a command to the answer of each gate, and to both.",
        unit: "s",
        queries: [
          quantile(
            0.5,
            "sallyport_gate_duration_seconds",
            "sallyport_gate",
            "{{sallyport_gate}} p50",
          ),
          quantile(
            0.99,
            "sallyport_gate_duration_seconds",
            "sallyport_gate",
            "{{sallyport_gate}} p99",
          ),
        ],
      },
      {
        title: "Targets, 99th percentile",
        description: "From sending a command to the target's last answer.",
        unit: "s",
        queries: [quantile(0.99, "db_client_operation_duration_seconds", "sallyport_connection")],
      },
      {
        title: "Results",
        description: "Bytes that left for clients.",
        unit: "bytes",
        queries: [rate("sallyport_output_bytes_total", "sallyport_connection")],
      },
    ],
  },
  {
    title: "Who",
    panels: [
      {
        title: "Log-ins by outcome",
        unit: "ops",
        queries: [rate("sallyport_logins_total", "sallyport_outcome")],
      },
      {
        title: "Finding out whose a token is",
        description:
          "99th percentile by outcome; an issuer that is slow to give its keys shows here.",
        unit: "s",
        queries: [quantile(0.99, "sallyport_authn_duration_seconds", "sallyport_outcome")],
      },
      {
        title: "Sessions by connection",
        unit: "short",
        queries: [
          ["sum by (sallyport_connection) (sallyport_sessions)", "{{sallyport_connection}}"],
        ],
      },
      {
        title: "Revoked principals",
        unit: "short",
        queries: [["max(sallyport_revocations)", "revoked"]],
      },
    ],
  },
  {
    title: "Policy and people",
    panels: [
      {
        title: "Judgements",
        description: "And how many of them were remembered.",
        unit: "ops",
        queries: [
          rate("sallyport_policy_judgements_total", "sallyport_decision"),
          [
            `sum(rate(sallyport_policy_judgements_total{sallyport_remembered="true"}[$__rate_interval]))`,
            "remembered",
          ],
        ],
      },
      {
        title: "Judging, 99th percentile",
        unit: "s",
        queries: [
          quantile(
            0.99,
            "sallyport_policy_duration_seconds",
            "sallyport_remembered",
            "remembered: {{sallyport_remembered}}",
          ),
        ],
      },
      {
        title: "Revision of the bundle",
        description: "All processes should show the same.",
        unit: "short",
        queries: [["sallyport_bundle_revision", "{{job}} {{instance}}"]],
      },
      {
        title: "Oldest open hold",
        unit: "s",
        queries: [["max(sallyport_holds_oldest_seconds)", "waits"]],
      },
    ],
  },
  {
    title: "Webhooks",
    panels: [
      {
        title: "Webhooks told",
        description: "Attempts, by what came of them.",
        unit: "ops",
        queries: [
          rate(
            "sallyport_webhooks_attempts_total",
            "sallyport_webhook, sallyport_outcome",
            "{{sallyport_webhook}} {{sallyport_outcome}}",
          ),
        ],
      },
      {
        title: "Webhooks not told yet",
        description: "Age of the oldest event that a receiver did not take.",
        unit: "s",
        thresholds: [60, 600],
        queries: [greatest("sallyport_webhooks_oldest_seconds", "sallyport_webhook")],
      },
      {
        title: "Webhook events waiting, and given up",
        unit: "short",
        queries: [
          greatest(
            "sallyport_webhooks_undelivered",
            "sallyport_webhook",
            "{{sallyport_webhook}} waiting",
          ),
          [
            "sum by (sallyport_webhook) (sallyport_webhooks_abandoned_total)",
            "{{sallyport_webhook}} given up",
          ],
        ],
      },
    ],
  },
  {
    title: "Record and archive",
    panels: [
      {
        title: "Fill of the streams",
        unit: "percentunit",
        thresholds: [0.75, 0.9],
        queries: [greatest("sallyport_stream_fill_ratio", "sallyport_stream")],
      },
      {
        title: "Not stored yet",
        description: "Bytes that wait for the bus to acknowledge them.",
        unit: "bytes",
        queries: [
          ["sum by (job) (sallyport_record_unacknowledged_bytes)", "{{job}} events"],
          ["sum(sallyport_output_unacknowledged_bytes)", "output"],
        ],
      },
      {
        title: "Archive behind",
        unit: "s",
        queries: [
          greatest(
            "sallyport_recorder_lag_seconds",
            "sallyport_partition",
            "partition {{sallyport_partition}}",
          ),
        ],
      },
      {
        title: "Unread messages",
        description: "In the streams, and not read by the recorder.",
        unit: "short",
        queries: [greatest("sallyport_recorder_unread", "sallyport_stream")],
      },
    ],
  },
];
