import { expect, test } from "vitest";
import { Asking } from "./asking.ts";

test("a hold is asked about at once, then less and less often, at least every 10 s", () => {
  const asking = new Asking();
  const due = new Set(["a"]);
  const asked: number[] = [];
  for (let now = 0; now <= 60_000; now += 500)
    if (asking.choose(due, now).length > 0) asked.push(now / 1000);
  expect(asked).toEqual([0, 1, 3, 7, 15, 25, 35, 45, 55]);
});

test("one that changed is forgotten, and asked about at once when it is due again", () => {
  const asking = new Asking();
  expect(asking.choose(new Set(["a", "b"]), 0)).toEqual(["a", "b"]);
  expect(asking.choose(new Set(["b"]), 100)).toEqual([]);
  expect(asking.choose(new Set(["a", "b"]), 200)).toEqual(["a"]);
});
