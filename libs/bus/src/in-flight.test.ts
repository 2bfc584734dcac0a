import * as fc from "fast-check";
import { expect, test } from "vitest";
import { InFlight } from "./in-flight.ts";

const key = fc.integer({ min: 0, max: 300 }).map((n) => `id${n.toString(36)}`);
/** Set to a number, or deleted. */
const change = fc.tuple(key, fc.option(fc.nat()));

/** What each change says, and what is there in the end. */
function history(
  map: Pick<Map<string, number>, "get" | "size" | "delete"> & {
    set(id: string, value: number): unknown;
    values(): Iterable<number>;
  },
  changes: readonly (readonly [string, number | null])[],
) {
  const said = changes.map(([id, value]) => {
    const deleted = value === null && map.delete(id);
    if (value !== null) map.set(id, value);
    return [deleted, map.get(id), map.size];
  });
  return { said, values: [...map.values()] };
}

test("is what a Map is, in its order, however it grows and shrinks", () => {
  fc.assert(
    fc.property(fc.array(change, { maxLength: 900, size: "max" }), (changes) => {
      expect(history(new InFlight<number>(), changes)).toStrictEqual(history(new Map(), changes));
    }),
    { numRuns: 30 },
  );
});

test("keeps many", () => {
  const ours = new InFlight<number>();
  for (let i = 0; i < 10_000; i++) ours.set(`k${i}`, i);
  for (let i = 0; i < 10_000; i += 2) ours.delete(`k${i}`);
  expect(ours.size).toBe(5000);
  expect([ours.get("k4000"), ours.get("k4001")]).toStrictEqual([undefined, 4001]);
  expect(ours.values().slice(0, 3)).toStrictEqual([1, 3, 5]);
});
