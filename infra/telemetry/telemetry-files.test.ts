import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { parser } from "@prometheus-io/lezer-promql";
import { expect, test } from "vitest";
import { parse } from "yaml";
import { z } from "zod";
import { metrics, prometheusName, type Metric, type MetricName } from "@sallyport/runtime";
import { makeDashboard } from "./make-dashboard.ts";

const read = (file: string): string =>
  readFileSync(fileURLToPath(new URL(file, import.meta.url)), "utf8");

const Rules = z.strictObject({
  groups: z
    .array(
      z.strictObject({
        name: z.string(),
        rules: z.array(
          z.strictObject({
            alert: z.string().regex(/^Sallyport[A-Za-z]+$/),
            expr: z.string(),
            for: z
              .string()
              .regex(/^\d+[sm]$/)
              .optional(),
            labels: z.strictObject({ severity: z.enum(["warning", "critical"]) }),
            annotations: z.strictObject({ summary: z.string() }),
          }),
        ),
      }),
    )
    .min(1),
});
const Dashboard = z.object({
  panels: z.array(
    z.object({
      id: z.number(),
      title: z.string(),
      type: z.string(),
      gridPos: z.object({ x: z.number(), y: z.number(), w: z.number(), h: z.number() }),
      targets: z.array(z.object({ expr: z.string(), legendFormat: z.string() })).optional(),
    }),
  ),
});

const alerts = Rules.parse(parse(read("alerts.yaml"))).groups.flatMap(({ rules }) => rules);
const { panels } = Dashboard.parse(JSON.parse(read("dashboard.json")));

/** Every series that we export under its Prometheus name, with its labels. */
const series = new Map(
  (Object.keys(metrics) as MetricName[]).flatMap((key): [string, readonly string[]][] => {
    const { kind, attributes }: Metric = metrics[key];
    const name = prometheusName(key);
    const labels = attributes.map((attribute) => attribute.replaceAll(".", "_"));
    if (kind !== "histogram") return [[name, labels]];
    return [
      [`${name}_bucket`, [...labels, "le"]],
      [`${name}_sum`, labels],
      [`${name}_count`, labels],
    ];
  }),
);
/** What Prometheus itself adds. */
const given = { series: ["up"], labels: ["job", "instance"] };

/** What an expression names: its series, each with the labels that it is asked by; all labels of groupings. */
function namesOf(expression: string) {
  // Grafana's own variable stands for a duration.
  const text = expression.replaceAll("$__rate_interval", "5m");
  const found = { series: [] as string[], labels: [] as string[], errors: 0 };
  parser.parse(text).iterate({
    enter: ({ name, from, to, type }) => {
      if (type.isError) found.errors++;
      else if (name === "Identifier") found.series.push(text.slice(from, to));
      else if (name === "LabelName") found.labels.push(text.slice(from, to));
    },
  });
  return found;
}

const expressions = [
  ...alerts.map(({ alert, expr }) => [alert, expr] as const),
  ...panels.flatMap(({ title, targets = [] }) => targets.map(({ expr }) => [title, expr] as const)),
];

test.each(expressions)(
  "%s: asks for what we export, in Prometheus' own grammar: %s",
  (_name, expr) => {
    const { series: named, labels, errors } = namesOf(expr);
    expect(errors).toBe(0);
    expect(named.filter((name) => !series.has(name) && !given.series.includes(name))).toEqual([]);
    const known = [...given.labels, ...named.flatMap((name) => series.get(name) ?? [])];
    expect(labels.filter((label) => !known.includes(label))).toEqual([]);
  },
);

test("the grammar sees mistakes, and the names in an expression", () => {
  expect(namesOf("sum by (le (rate(a[5m])))").errors).toBeGreaterThan(0);
  expect(namesOf('max by (b) (c{d=~"e"}) unless f offset 5m')).toEqual({
    series: ["c", "f"],
    labels: ["b", "d"],
    errors: 0,
  });
});

test("dashboard.json is in sync (`npm run docs` writes it), and nothing of it overlaps", () => {
  expect(JSON.parse(read("dashboard.json"))).toEqual(makeDashboard());
  expect(new Set(panels.map(({ id }) => id)).size).toBe(panels.length);
  const cells = panels.flatMap(({ gridPos: { x, y, w, h } }) =>
    Array.from({ length: w * h }, (_, at) => `${x + (at % w)},${y + Math.floor(at / w)}`),
  );
  expect(new Set(cells).size).toBe(cells.length);
});

test("every alert has a name of its own, and every label of its summary is one that it has", () => {
  expect(new Set(alerts.map(({ alert }) => alert)).size).toBe(alerts.length);
  for (const { alert, expr, annotations } of alerts) {
    const { series: named } = namesOf(expr);
    const known = [...given.labels, ...named.flatMap((name) => series.get(name) ?? [])];
    const used = [...annotations.summary.matchAll(/\$labels\.(\w+)/g)].map(([, label]) => label);
    expect(
      used.filter((label) => !known.includes(label ?? "")),
      alert,
    ).toEqual([]);
  }
});

const operations = read("../../docs/operations.md").replaceAll(/ +/g, " ");

test("docs/operations.md says what each alert means, and lists each metric as it is", () => {
  for (const { alert } of alerts) expect(operations, alert).toContain(`\`${alert}\``);
  for (const key of Object.keys(metrics) as MetricName[]) {
    const { kind, unit, attributes, by }: Metric = metrics[key];
    const row = `| \`${key}\` | ${kind} | ${unit} | ${attributes.map((name) => `\`${name}\``).join(", ")} | ${by.length === 5 ? "all" : by.join(", ")} |`;
    expect(operations).toContain(row.replaceAll(/ +/g, " "));
  }
  const listed = [...operations.matchAll(/^\| `((?:sallyport|db)\.[a-z._]+)` \|/gm)].map(
    ([, name]) => name,
  );
  expect(listed).toEqual(Object.keys(metrics));
});
