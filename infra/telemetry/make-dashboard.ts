import { rows, type Panel } from "./dashboard-rows.ts";

const width = { stat: 4, timeseries: 6 } as const;
const height = { stat: 4, timeseries: 8 } as const;

/** The dashboard as Grafana imports it. */
export function makeDashboard(): object {
  const panels: object[] = [];
  let y = 0;
  for (const row of rows) {
    panels.push({
      id: panels.length + 1,
      type: "row",
      title: row.title,
      collapsed: false,
      panels: [],
      gridPos: { x: 0, y, w: 24, h: 1 },
    });
    y += 1;
    let x = 0;
    let bottom = y;
    for (const panel of row.panels) {
      const kind = panel.kind ?? "timeseries";
      if (x + width[kind] > 24) {
        x = 0;
        y = bottom;
      }
      const gridPos = { x, y, w: width[kind], h: height[kind] };
      panels.push({ id: panels.length + 1, ...panelOf(panel), gridPos });
      x += width[kind];
      bottom = y + height[kind];
    }
    y = bottom;
  }
  return {
    uid: "sallyport",
    title: "Sallyport",
    description: "Commands, gates, people, record and archive of a Sallyport deployment.",
    tags: ["sallyport"],
    schemaVersion: 39,
    timezone: "",
    refresh: "30s",
    time: { from: "now-3h", to: "now" },
    templating: {
      list: [{ name: "datasource", label: "Prometheus", type: "datasource", query: "prometheus" }],
    },
    panels,
  };
}

const datasource = { type: "prometheus", uid: "${datasource}" };

const panelOf = ({
  title,
  description,
  unit,
  queries,
  thresholds,
  kind = "timeseries",
}: Panel) => ({
  type: kind,
  title,
  ...(description !== undefined && { description }),
  datasource,
  fieldConfig: {
    defaults: {
      unit,
      min: 0,
      ...(thresholds && {
        thresholds: {
          mode: "absolute",
          steps: [
            { color: "green", value: null },
            ...(thresholds[0] === thresholds[1] ? [] : [{ color: "yellow", value: thresholds[0] }]),
            { color: "red", value: thresholds[1] },
          ],
        },
      }),
    },
    overrides: [],
  },
  options:
    kind === "stat"
      ? { reduceOptions: { calcs: ["lastNotNull"] }, colorMode: thresholds ? "background" : "none" }
      : { legend: { displayMode: "list", placement: "bottom" }, tooltip: { mode: "multi" } },
  targets: queries.map(([expr, legendFormat], at) => ({
    refId: String.fromCodePoint(65 + at),
    datasource,
    expr,
    legendFormat,
  })),
});
