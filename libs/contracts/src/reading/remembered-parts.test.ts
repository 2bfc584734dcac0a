import { expect, test } from "vitest";
import { RememberedParts } from "./remembered-parts.ts";

const counting = () => {
  const counts = { reads: 0 };
  const parts = new RememberedParts((text) => {
    counts.reads++;
    return text === "bad" ? null : { text, inner: { list: [text] } };
  });
  return { counts, parts };
};

test("a part is read once, and what it says is frozen throughout", () => {
  const { counts, parts } = counting();
  const first = parts.get("a");
  expect(parts.get("a")).toBe(first);
  expect(counts.reads).toBe(1);
  expect(() => first?.inner.list.push("b")).toThrow(TypeError);
});

test("what is no part is asked again", () => {
  const { counts, parts } = counting();
  expect([parts.get("bad"), parts.get("bad")]).toEqual([null, null]);
  expect([counts.reads, parts.size]).toEqual([2, 0]);
});

test("it holds a bounded number of parts, and keeps those that are asked for", () => {
  const { counts, parts } = counting();
  for (let n = 0; n < 25_000; n++) {
    parts.get(`part ${n}`);
    parts.get("always");
  }
  expect(parts.size).toBeLessThanOrEqual(20_000);
  expect(counts.reads).toBe(25_001);
});

test("it holds a bounded number of characters, and no part that is too long", () => {
  const { counts, parts } = counting();
  const long = "x".repeat(30_000);
  for (let n = 0; n < 1000; n++) parts.get(`${n}${long}`);
  expect(parts.size * long.length).toBeLessThanOrEqual(17 * 1024 * 1024);
  const longer = "y".repeat(40_000);
  parts.get(longer);
  parts.get(longer);
  expect(counts.reads).toBe(1002);
});
