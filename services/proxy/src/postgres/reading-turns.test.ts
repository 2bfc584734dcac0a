import { expect, test } from "vitest";
import { ReadingTurns } from "./reading-turns.ts";

function work(millis: number): void {
  const end = performance.now() + millis;
  while (performance.now() < end) JSON.stringify(end);
}

test("what takes no time is read at once", () => {
  const turns = new ReadingTurns();
  for (const at of [1, 2, 3]) expect(turns.take(() => at)).toBe(at);
});

test("behind what took long, others have their turn before the next is read, in the order in which they came", async () => {
  const turns = new ReadingTurns();
  const seen: string[] = [];
  const takes = (name: string, millis = 0) => turns.take(() => (work(millis), seen.push(name)));
  const read = [takes("long", 60), takes("second", 60), takes("third"), takes("fourth", 10)];
  expect(seen).toEqual(["long"]);
  const other = (): void => {
    seen.push("other");
    if (seen.length < 6) setImmediate(other);
  };
  setImmediate(other);
  for (const one of read) await one;
  expect(seen.filter((name) => name !== "other")).toEqual(["long", "second", "third", "fourth"]);
  expect(seen.indexOf("other")).toBeLessThan(seen.indexOf("second"));
});

test("one that throws keeps nobody from being read", async () => {
  const turns = new ReadingTurns();
  void turns.take(() => work(20));
  const fails = turns.take(() => {
    throw new Error("not read");
  });
  const next = turns.take(() => "read");
  await expect(fails).rejects.toThrow("not read");
  expect(await next).toBe("read");
});
