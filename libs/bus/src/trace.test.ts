import { expect, test } from "vitest";
import { childTrace, newTrace, parseTrace } from "./trace.ts";

test("a new trace is read back, and its child keeps the trace", () => {
  const parent = newTrace();
  const child = childTrace(parent);
  expect(parseTrace(parent)).toMatchObject({ sampled: true });
  expect(parseTrace(child)?.trace).toBe(parseTrace(parent)?.trace);
  expect(parseTrace(child)?.span).not.toBe(parseTrace(parent)?.span);
});

test("what Trace Context calls invalid is none", () => {
  const zero = "0".repeat(32);
  for (const text of [
    "",
    `00-${zero}-00f067aa0ba902b7-01`,
    `00-4bf92f3577b34da6a3ce929d0e0e4736-${"0".repeat(16)}-01`,
    "01-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
    "00-4BF92F3577B34DA6A3CE929D0E0E4736-00f067aa0ba902b7-01",
    "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-x",
  ]) {
    expect(parseTrace(text)).toBeNull();
    expect(parseTrace(childTrace(text))).not.toBeNull();
  }
  expect(parseTrace("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-00")?.sampled).toBe(
    false,
  );
});
