import * as fc from "fast-check";
import { expect, test } from "vitest";
import { Slabs } from "./slabs.ts";

const size = fc.oneof(
  fc.nat(200),
  fc.integer({ min: 100_000, max: 600_000 }),
  fc.constantFrom(1024 ** 2 - 1, 1024 ** 2, 1024 ** 2 + 1, 3 * 1024 ** 2),
);

test("each piece lies where it was told to lie, also in memory that is used again", () => {
  const slabs = new Slabs();
  let seed = 0;
  fc.assert(
    fc.property(fc.array(fc.array(size, { maxLength: 4 }), { maxLength: 12 }), (pieces) => {
      slabs.reset();
      const places: number[] = [];
      const put = pieces.map((sizes) => {
        const parts = sizes.map((length) => Buffer.alloc(length, (seed += 1)));
        const piece = Buffer.concat(parts);
        expect(slabs.put(parts, places)).toBe(piece.length);
        return piece;
      });
      for (const [index, piece] of put.entries()) {
        const [slab = -1, at = 0, length = 0] = places.slice(3 * index, 3 * index + 3);
        expect(
          slabs
            .slab(slab)
            .subarray(at, at + length)
            .equals(piece),
        ).toBe(true);
      }
    }),
    { numRuns: 40 },
  );
}, 60_000);

test("memory that was not needed last is given back", () => {
  const slabs = new Slabs();
  const fill = (pieces: number): void => {
    slabs.reset();
    for (let piece = 0; piece < pieces; piece++) slabs.put([Buffer.alloc(1024 ** 2)], []);
  };
  fill(5);
  expect(() => slabs.slab(4)).not.toThrow();
  fill(1);
  slabs.reset();
  expect(() => slabs.slab(0)).not.toThrow();
  expect(() => slabs.slab(1)).toThrow("no such slab");
});
