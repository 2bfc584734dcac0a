import { writeSync } from "node:fs";
import { expect, test } from "vitest";
import { loop } from "./loop.ts";
import { reportText, writeReport } from "./report.ts";

const {
  SALLY_CHAOS_MINUTES = "10",
  SALLY_CHAOS_SEED,
  SALLY_CHAOS_PAGE,
  SALLY_CHAOS_LOG,
} = process.env;
const seed = Number(SALLY_CHAOS_SEED ?? Date.now() % 100_000);

test(`I1, I4, I9: whatever is killed, frozen or cut off, each once and for ${SALLY_CHAOS_MINUTES} minutes, nothing runs without evidence`, async () => {
  const report = await loop({
    seed,
    time: Number(SALLY_CHAOS_MINUTES) * 60_000,
    ...(SALLY_CHAOS_LOG !== undefined && { progress: SALLY_CHAOS_LOG }),
  });
  writeSync(1, `${reportText(report)}\n`);
  if (SALLY_CHAOS_PAGE !== undefined) writeReport(SALLY_CHAOS_PAGE, report, new Date());
  expect(Object.entries(report.faults).filter(([, found]) => found.length > 0)).toEqual([]);
  expect(report.missed).toEqual([]);
  expect(report.single).toBeGreaterThan(50);
  expect(Object.keys(report.answers).toSorted()).toEqual(["approve", "deny"]);
});
