import { expect, test } from "vitest";
import { SetBack } from "./set-back.ts";

const heard = (beats: readonly (readonly [revision: number, known: number, now: number])[]) => {
  const setBack = new SetBack();
  return beats.map((beat) => setBack.hear(...beat));
};

test("a bucket that stays below what is known was set back", () => {
  expect(
    heard([
      [5, 5, 0],
      [1, 5, 600],
      [1, 5, 1200],
      [2, 5, 1800],
      [2, 5, 3700],
    ]),
  ).toEqual([false, false, false, false, true]);
});

test("a beat that was overtaken by an apply is none", () => {
  expect(
    heard([
      [5, 6, 0],
      [6, 6, 600],
      [6, 7, 4000],
      [7, 7, 4600],
    ]),
  ).toEqual([false, false, false, false]);
});

test("two late beats are none, however late", () => {
  expect(
    heard([
      [5, 6, 0],
      [5, 6, 9000],
    ]),
  ).toEqual([false, false]);
});
