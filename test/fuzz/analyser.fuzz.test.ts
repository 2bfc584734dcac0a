import { writeSync } from "node:fs";
import { majors } from "@sallyport/sql";
import { defaultPostgres } from "@sallyport/testkit";
import { expect, test } from "vitest";
import { fixedSeed } from "./settings.ts";
import { reportText } from "./sql/report.ts";
import { run } from "./sql/run.ts";

const major = majors.find((one) => one === defaultPostgres()) ?? 18;

test("I3: what is said of a statement's columns is what PostgreSQL does, for statements made by a grammar", async () => {
  const report = await run({ major, seed: fixedSeed, statements: 800 });
  writeSync(1, `${reportText(report)}\n`);
  expect(report.faults).toEqual([]);
  expect(report.outcomes.compared).toBeGreaterThan(100);
  expect(report.shared).toBeGreaterThan(100);
  // That it would find something: without one of these rules it does.
  expect(report.missed.seen.length).toBeGreaterThanOrEqual(18);
});
