import { expect, test } from "vitest";
import { after } from "./processor-time.ts";

test("is true once this thread has worked for so long since the first question", () => {
  const exhausted = after(20);
  expect(exhausted()).toBe(false);
  const begun = process.threadCpuUsage();
  const worked = (): number => {
    const { user, system } = process.threadCpuUsage(begun);
    return user + system;
  };
  while (worked() < 40_000) JSON.stringify(begun);
  expect(exhausted()).toBe(true);
  expect(after(20)()).toBe(false);
});
