import { writeSync } from "node:fs";
import { majors } from "@sallyport/sql";
import { defaultPostgres } from "@sallyport/testkit";
import { expect, test } from "vitest";
import { freshSeed, longTime } from "./settings.ts";
import { reportText } from "./sql/report.ts";
import { run } from "./sql/run.ts";

const major = majors.find((one) => one === defaultPostgres()) ?? 18;

test("I3: what is said of a statement's columns is what PostgreSQL does, for as many as fit", async () => {
  const report = await run({ major, seed: freshSeed, milliseconds: longTime });
  writeSync(1, `${reportText(report)}\n`);
  expect(report.faults).toEqual([]);
  expect(report.outcomes.compared).toBeGreaterThan(0);
});
