import { writeSync } from "node:fs";
import { hasS3 } from "@sallyport/testkit";
import { expect, test } from "vitest";
import { loop } from "./loop.ts";
import { reportText } from "./report.ts";

/** A kill, a freeze, a cut and a drain, of the bus and of three services; all of it, for minutes, is in the long tests. */
const slice = new Set([
  "w1: kill",
  "w2: drain",
  "policy-a: freeze",
  "nats-server n2: cut",
  "recorder-a: kill",
]);

test.runIf(hasS3())(
  "I1, I4, I9: five things done to a deployment over nine machines, under load: nothing runs without evidence",
  { timeout: 900_000 },
  async () => {
    const report = await loop({
      seed: 4,
      time: 0,
      only: ({ part, kind }) => slice.has(`${part}: ${kind}`),
    });
    writeSync(1, `${reportText(report)}\n`);
    expect(Object.entries(report.faults).filter(([, found]) => found.length > 0)).toEqual([]);
    expect(report).toMatchObject({ single: slice.size, missed: [] });
    expect(Object.keys(report.answers).toSorted()).toEqual(["approve", "deny"]);
    expect(report.statements).toBeGreaterThan(200);
    expect(report.told["done"]).toBeGreaterThan(200);
  },
);
