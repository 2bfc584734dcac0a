import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { parse } from "yaml";
import { firing, type Rule } from "./firing.ts";
import { promql, type Labels, type Series } from "./promql.ts";

const file = fileURLToPath(new URL("alerts.yaml", import.meta.url));
const { groups } = parse(readFileSync(file, "utf8")) as { groups: { rules: Rule[] }[] };
const rules = groups.flatMap((group) => group.rules);
const hour = { from: 1200, to: 3600 };

/** A sample each 15 s of an hour. */
function series(name: string, labels: Labels, value: (at: number) => number): Series {
  const points = Array.from({ length: 241 }, (_, n) => ({ at: n * 15, value: value(n * 15) }));
  return { name, labels: { job: "sallyport", instance: "i", ...labels }, points };
}
const steady = (name: string, value: number, labels: Labels = {}): Series =>
  series(name, labels, () => value);
/** So many more each second, from the 25th minute on. */
const growing = (name: string, rate: number, labels: Labels = {}): Series =>
  series(name, labels, (at) => Math.max(0, at - 1500) * rate);
const slow = (le: string, share: number): Series =>
  growing("sallyport_gate_duration_seconds_bucket", 10 * share, { sallyport_gate: "both", le });

/** As a deployment says it that has nothing to complain of. */
const calm: readonly Series[] = [
  steady("up", 1),
  steady("sallyport_bus_connected_ratio", 1),
  steady("sallyport_beat_current_ratio", 1),
  steady("sallyport_revocations_complete_ratio", 1),
  steady("sallyport_policy_probing_ratio", 0),
  steady("sallyport_bundle_refused_ratio", 0),
  steady("sallyport_bundle_revision", 7),
  steady("sallyport_bundle_revision", 7, { instance: "other" }),
  steady("sallyport_stream_fill_ratio", 0.3, { sallyport_stream: "record" }),
  steady("sallyport_stream_fill_ratio", 0.3, { sallyport_stream: "output" }),
  steady("sallyport_recorder_active_ratio", 1, { sallyport_partition: "0" }),
  steady("sallyport_recorder_active_ratio", 0, { sallyport_partition: "0", instance: "other" }),
  steady("sallyport_recorder_lag_seconds", 3, { sallyport_partition: "0" }),
  steady("sallyport_recorder_failing_ratio", 0, { sallyport_partition: "0" }),
  growing("sallyport_commands_total", 5, { sallyport_outcome: "executed" }),
  slow("0.1", 1),
  slow("0.5", 1),
  slow("+Inf", 1),
  steady("sallyport_holds_oldest_seconds", 0),
  steady("sallyport_webhooks_oldest_seconds", 0, { sallyport_webhook: "chat" }),
  growing("sallyport_logins_total", 5, { sallyport_outcome: "ok" }),
];

/** What is otherwise, by the alert that it fires; those that fire with it by right. */
const troubles: Record<string, { with?: readonly string[]; series: readonly Series[] }> = {
  SallyportDown: { series: [steady("up", 0)] },
  SallyportAlarm: {
    series: [
      series("sallyport_alarms_total", { sallyport_alarm: "pub-ack" }, (at) =>
        at < 1800 ? Number.NaN : 1,
      ),
    ],
  },
  SallyportBusLost: { series: [steady("sallyport_bus_connected_ratio", 0)] },
  SallyportBeatLost: { series: [steady("sallyport_beat_current_ratio", 0)] },
  SallyportRevocationsIncomplete: { series: [steady("sallyport_revocations_complete_ratio", 0)] },
  SallyportPolicySilent: { series: [steady("sallyport_policy_probing_ratio", 1)] },
  SallyportBundleRefused: { series: [steady("sallyport_bundle_refused_ratio", 1)] },
  SallyportBundleBehind: { series: [steady("sallyport_bundle_revision", 8)] },
  SallyportRecordFilling: {
    series: [steady("sallyport_stream_fill_ratio", 0.8, { sallyport_stream: "record" })],
  },
  SallyportRecordFull: {
    with: ["SallyportRecordFilling"],
    series: [steady("sallyport_stream_fill_ratio", 0.95, { sallyport_stream: "record" })],
  },
  SallyportOutputFull: {
    series: [steady("sallyport_stream_fill_ratio", 0.95, { sallyport_stream: "output" })],
  },
  SallyportRecorderAbsent: {
    series: [steady("sallyport_recorder_active_ratio", 0, { sallyport_partition: "0" })],
  },
  SallyportRecorderLagging: {
    series: [steady("sallyport_recorder_lag_seconds", 61, { sallyport_partition: "0" })],
  },
  SallyportArchiveFailing: {
    series: [steady("sallyport_recorder_failing_ratio", 1, { sallyport_partition: "0" })],
  },
  SallyportRecordGateRefusing: {
    series: [growing("sallyport_commands_total", 1, { sallyport_outcome: "refused-record" })],
  },
  SallyportGateSlow: { series: [slow("0.1", 0.5)] },
  SallyportHoldWaiting: { series: [steady("sallyport_holds_oldest_seconds", 301)] },
  SallyportWebhookFailing: {
    series: [steady("sallyport_webhooks_oldest_seconds", 61, { sallyport_webhook: "chat" })],
  },
  SallyportWebhookAbandoned: {
    series: [growing("sallyport_webhooks_abandoned_total", 0.01, { sallyport_webhook: "chat" })],
  },
  SallyportLogInsFailing: {
    series: [growing("sallyport_logins_total", 6, { sallyport_outcome: "token-expired" })],
  },
};

const idOf = ({ name, labels }: Series): string => JSON.stringify([name, Object.entries(labels)]);

test("calm fires nothing", () => {
  expect(firing(rules, calm, hour)).toEqual(new Set());
});

test.each(rules.map(({ alert }) => alert))("%s can fire, and alone", (alert) => {
  const trouble = troubles[alert];
  if (!trouble) throw new Error("nothing fires it");
  const other = new Set(trouble.series.map(idOf));
  const all = [...calm.filter((one) => !other.has(idOf(one))), ...trouble.series];
  expect(firing(rules, all, hour)).toEqual(new Set([alert, ...(trouble.with ?? [])]));
});

test("what lasts shorter than `for`, and what is not there, fires as Prometheus would", () => {
  const rule = [{ alert: "A", expr: "a > 1", for: "1m" }];
  const lasting = (seconds: number): Series =>
    series("a", {}, (at) => (at >= 1500 && at < 1500 + seconds ? 2 : 0));
  expect(firing(rule, [lasting(45)], hour).size).toBe(0);
  expect(firing(rule, [lasting(90)], hour).size).toBe(1);
  const ends = series("b", {}, (at) => (at < 1800 ? 1 : Number.NaN));
  expect(promql("absent(b)")([ends], 1500)).toEqual([]);
  expect(promql("absent(b)")([ends], 1800)).toEqual([{ labels: {}, value: 1 }]);
  expect(promql("b offset 10m > 0")([ends], 1900)).toHaveLength(1);
});

test("a rate is a counter's growth, over its new beginnings too", () => {
  const counter = series("c", {}, (at) => (at < 1500 ? at : at - 1500));
  expect(promql("rate(c[5m]) > 0")([counter], 1400)[0]?.value).toBeCloseTo(1);
  expect(promql("increase(c[5m]) > 0")([counter], 1600)[0]?.value).toBeCloseTo(270);
});

test.each(["a +", "rate(a)", "topk(3, a)", "a{b}", "sum(a", "1 > 2"])(
  "what it does not know is said: %s",
  (text) => {
    expect(() => promql(text)([], 0)).toThrow(
      /not read|number|JSON|undefined|property name|Expected/i,
    );
  },
);
