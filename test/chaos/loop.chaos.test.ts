import { writeSync } from "node:fs";
import { hasS3 } from "@sallyport/testkit";
import { expect, test } from "vitest";
import { loop } from "./loop.ts";
import { reportText } from "./report.ts";

/** One of each sort; all of it, for minutes, is in the long tests. */
const slice = new Set([
  "approval: kill",
  "w1: kill",
  "w2: drain",
  "w2: cut",
  "policy-a: freeze",
  "authn-b: cut",
  "recorder-a: kill",
  "nats-server n1: kill",
  "nats-server n2: cut",
  "S3: cut",
  "target: kill",
]);

test.runIf(hasS3())(
  "I1, I4, I9: eleven things done to a deployment over nine machines, under load: nothing runs without evidence",
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
