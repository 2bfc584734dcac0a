import { expect, test } from "vitest";
import { OwedAnswers, type Owed } from "./owed.ts";

const local = (name: string): Owed => ({ kind: "local", bytes: () => Buffer.from(name) });
const nameOf = (entry: Owed | undefined): string =>
  entry?.kind === "local" ? entry.bytes().toString() : (entry?.kind ?? "none");

test("answers come in the order in which they are owed, however many came before", () => {
  const owed = new OwedAnswers();
  const said: string[] = [];
  for (let n = 0; n < 5000; n++) {
    owed.push([local(`${n}a`), local(`${n}b`)]);
    said.push(nameOf(owed.shift()));
  }
  while (!owed.empty) said.push(nameOf(owed.shift()));
  expect(said).toEqual(Array.from({ length: 5000 }, (_, n) => [`${n}a`, `${n}b`]).flat());
  expect([owed.head, owed.shift()]).toEqual([undefined, undefined]);
});

test("what is answered counts for nothing", () => {
  const owed = new OwedAnswers();
  owed.push([{ kind: "sync" }, local("a")]);
  expect(owed.syncing).toBe(true);
  owed.shift();
  expect([owed.syncing, owed.onlyOwn, owed.unfinished()]).toEqual([false, true, []]);
  owed.shift();
  expect([owed.onlyOwn, owed.empty]).toEqual([false, true]);
});

test("it is crowded from some thousands on, and no more when they are answered", () => {
  const owed = new OwedAnswers();
  while (!owed.crowded) owed.push([{ kind: "sync" }]);
  // More than a target may keep back until it has 8 KiB of them.
  for (let n = 0; n < 8192 / 5; n++) owed.shift();
  expect(owed.crowded).toBe(false);
  expect(owed.empty).toBe(false);
});
