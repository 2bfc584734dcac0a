import type { Report } from "./run.ts";

/** What was reached, as lines to print. */
export function reportText(report: Report): string {
  const {
    rejected,
    opaque,
    executes,
    compared,
    fault,
    crashed,
    "too-long": long,
  } = report.outcomes;
  const made = rejected + opaque + executes + compared + fault + long + crashed;
  const reached = [...report.constructs].filter(([, { compared: times }]) => times > 0);
  const never = [...report.constructs].filter(([, { compared: times }]) => times === 0);
  const why = [...report.opaque].toSorted(([, a], [, b]) => b - a);
  const share = report.claimed === 0 ? 0 : (100 * report.unchanged) / report.claimed;
  return [
    `statements made by the grammar with seed ${report.seed}: ${made}, over ${report.objects} views and functions made for them`,
    `compared with PostgreSQL ${compared + fault} (failed there as they ran: ${report.failed}), refused by both ${rejected}, opaque ${opaque}, calling untraced functions ${executes}, over time ${long}, PostgreSQL itself crashed ${crashed}`,
    `faults ${fault}; output columns said to be fed by classified ones ${report.claimed}, of these never changed by them ${report.unchanged} (${share.toFixed(1)} %)`,
    `ideas of the grammar compared ${reached.length} of ${report.constructs.size}${never.length === 0 ? "" : `; never: ${never.map(([idea, { made: times }]) => `${idea} (${times})`).join("; ")}`}`,
    `rules of the analyser that it misses when they are switched off, one by one: ${report.missed.seen.length} of ${report.missed.seen.length + report.missed.unseen.length}${report.missed.unseen.length === 0 ? "" : `; not: ${report.missed.unseen.join(", ")}`}`,
    ...why.map(([reason, times]) => `  opaque ${times}: ${reason}`),
    ...report.faults.map(
      ({ seed, faults, text, objects }) =>
        `  FAULT ${seed}: ${faults.join("; ")}\n    ${[...objects, text].join(";\n    ")}`,
    ),
  ].join("\n");
}
