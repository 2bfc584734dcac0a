import * as fc from "fast-check";
import { expect, test } from "vitest";
import { Recent } from "./recent.ts";

const limit = 5;
const keys = fc.array(fc.nat(30), { maxLength: 200 });

test("the last keys that were set or looked up are remembered, with their newest value", () => {
  fc.assert(
    fc.property(keys, (all) => {
      const recent = new Recent<number, number>(limit);
      for (const [value, key] of all.entries())
        if (value % 3 > 0 || recent.get(key) === undefined) recent.set(key, value);
      const last = [...new Set(all.toReversed())].slice(0, limit);
      for (const key of last) {
        const value = recent.get(key);
        expect(value).toBeDefined();
        expect(all[value ?? -1]).toBe(key);
      }
    }),
  );
});

test("no more than twice the limit is remembered", () => {
  fc.assert(
    fc.property(keys, (all) => {
      const recent = new Recent<number, true>(limit);
      for (const key of all) recent.set(key, true);
      const remembered = [...new Set(all)].filter((key) => recent.get(key));
      expect(remembered.length).toBeLessThanOrEqual(2 * limit);
    }),
  );
});
