import { execFileSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import type { Report, Round } from "./looking.ts";

const median = (values: readonly number[]): number =>
  values.toSorted((a, b) => a - b)[Math.floor((values.length - 1) / 2)] ?? 0;
const seconds = (milliseconds: number): string => (milliseconds / 1000).toFixed(1);
const spread = (values: readonly number[]): string =>
  values.length === 0
    ? "none"
    : `median ${seconds(median(values))} s, worst ${seconds(Math.max(...values))} s`;
const counts = (all: Readonly<Record<string, number>>): string =>
  Object.entries(all)
    .map(([what, count]) => `${what} ${count}`)
    .join(", ");

/** `w1`, `w2`: one row; the same of every part that there are several of. */
const rowOf = (what: string): string =>
  what
    .replace(/^w\d/, "worker")
    .replace(/-[ab]:/, ":")
    .replace(/ n\d:/, ":");

function byKind(rounds: readonly Round[]): Map<string, Round[]> {
  const found = new Map<string, Round[]>();
  for (const round of rounds) {
    const row = round.what.includes(" and ") ? "two at once" : rowOf(round.what);
    found.set(row, [...(found.get(row) ?? []), round]);
  }
  return new Map([...found].toSorted(([a], [b]) => a.localeCompare(b)));
}

/** The counts of a run, as Markdown. */
export function reportText(report: Report): string {
  const { rounds, faults } = report;
  const found = Object.entries(faults).filter(([, all]) => all.length > 0);
  const without = rounds.flatMap((round) => round.without ?? []);
  const rows = [...byKind(rounds)].map(
    ([what, all]) =>
      `| ${what} | ${all.length} | ${seconds(median(all.map(({ served }) => served)))} | ${seconds(Math.max(...all.map(({ served }) => served)))} |`,
  );
  return `${[
    `Seed ${report.seed}, ${report.seconds} s: ${rounds.length} disturbances, ${report.statements} statements in PostgreSQL's log.`,
    "",
    `- of ${report.single} things that can be done by themselves, each was, but for: ${report.missed.join(", ") || "none"}`,
    `- clients: ${counts(report.told)}; refusals and ends by code: ${counts(report.refusals)}`,
    `- held statements, by what people answered and were told that it counts: ${counts(report.answers)}`,
    `- evidence: ${counts(report.evidence)}`,
    `- every worker serves a new client again: ${spread(rounds.map(({ served }) => served))} after a disturbance ends`,
    `- what ran is in the archive: ${spread(rounds.map(({ archived }) => archived))} after it ends`,
    `- with a part frozen or cut off that has a spare, every worker serves: ${spread(without)} after it begins`,
    `- faults: ${found.length === 0 ? "none" : found.map(([what, all]) => `${what}: ${all.slice(0, 5).join("; ")}`).join("\n  - ")}`,
    "",
    "| disturbance | times | serves again, median s | worst s |",
    "| --- | ---: | ---: | ---: |",
    ...rows,
  ].join("\n")}\n`;
}

const mark = /(<!-- last run -->\n)[\s\S]*?(<!-- end -->)/;

/** Puts the run between the marks of a page, with commit and date. */
export function writeReport(page: string, report: Report, now: Date): void {
  const commit = execFileSync("git", ["rev-parse", "--short", "HEAD"], { encoding: "utf8" }).trim();
  const head = `Commit ${commit}, ${now.toISOString().slice(0, 10)}. ${reportText(report)}`;
  writeFileSync(
    page,
    readFileSync(page, "utf8").replace(mark, (_all, begin, end) => `${begin}\n${head}\n${end}`),
  );
}
