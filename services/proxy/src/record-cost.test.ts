import { execFileSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";

/** Smaller than any object or string that V8 makes; the place of one field is 8. */
const anObject = 16;

test("off, telemetry takes no memory on a command's way: an event makes no object more than without it", () => {
  const run = fileURLToPath(new URL("./record-cost.fixture.ts", import.meta.url));
  const flags = [
    "--expose-gc",
    "--min-semi-space-size=128",
    "--max-semi-space-size=128",
    "--no-maglev",
    "--no-turbofan",
  ];
  const { bare, off, on } = JSON.parse(
    execFileSync(process.execPath, [...flags, run], { encoding: "utf8" }),
  ) as { bare: number; off: number; on: number };
  expect(bare).toBeGreaterThan(100);
  expect(Math.abs(off - bare)).toBeLessThan(anObject);
  // The measure sees what is there.
  expect(on - bare).toBeGreaterThan(anObject);
}, 60_000);
