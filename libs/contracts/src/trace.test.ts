import { expect, test } from "vitest";
import { parseTrace } from "./trace.ts";

test("the example of Trace Context is read", () => {
  expect(parseTrace("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01")).toEqual({
    trace: "4bf92f3577b34da6a3ce929d0e0e4736",
    span: "00f067aa0ba902b7",
    flags: 1,
    sampled: true,
  });
  expect(parseTrace("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-02")?.sampled).toBe(
    false,
  );
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
  ])
    expect(parseTrace(text)).toBeNull();
});
