import { promql, type Series } from "./promql.ts";

export interface Rule {
  readonly alert: string;
  readonly expr: string;
  readonly for?: string | undefined;
}

const secondsOf = (text = "0s"): number =>
  Number(text.slice(0, -1)) * (text.endsWith("m") ? 60 : 1);

/**
 * The alerts that fired between two times, in seconds, asked every `step`: as long as their `for` says, with the same
 * labels.
 */
export function firing(
  rules: readonly Rule[],
  series: readonly Series[],
  { from, to, step = 5 }: { readonly from: number; readonly to: number; readonly step?: number },
): Set<string> {
  const fired = new Set<string>();
  for (const { alert, expr, for: wanted } of rules) {
    const ask = promql(expr);
    let pending = new Map<string, number>();
    for (let now = from; now <= to; now += step) {
      const still = new Map<string, number>();
      for (const { labels } of ask(series, now)) {
        const key = JSON.stringify(labels);
        const since = pending.get(key) ?? now;
        still.set(key, since);
        if (now - since >= secondsOf(wanted)) fired.add(alert);
      }
      pending = still;
    }
  }
  return fired;
}
