import { execFileSync } from "node:child_process";
import { existsSync } from "node:fs";
import { expect, test } from "vitest";
import { withTimerSlack } from "./timer-slack.ts";

const ofChild = (): string =>
  execFileSync("cat", ["/proc/self/timerslack_ns"], { stdio: "pipe" }).toString().trim();

test.runIf(existsSync("/proc/self/timerslack_ns"))(
  "a child's waits may end so much later, those of others as before",
  () => {
    const before = ofChild();
    expect(withTimerSlack(3, ofChild)).toBe("3000000");
    expect(ofChild()).toBe(before);
    expect(() =>
      withTimerSlack(3, () => {
        throw new Error("no such program");
      }),
    ).toThrow("no such program");
    expect(ofChild()).toBe(before);
  },
);
