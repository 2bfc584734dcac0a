import { newSessionId } from "@sallyport/contracts";
import { expect, test } from "vitest";
import { Ownership } from "./ownership.ts";

const session = newSessionId();

test("the worker of a session's first event owns it", () => {
  const ownership = new Ownership();
  expect(ownership.mayWrite("w2", session)).toBe(true);
  ownership.note("w1", session, 1, "a");
  expect(ownership.mayWrite("w1", session)).toBe(true);
  expect(ownership.mayWrite("w2", session)).toBe(false);
});

test("two different events under one number are told from one that came twice, in any order", () => {
  const ownership = new Ownership();
  for (const n of [1, 4, 2, 3]) expect(ownership.note("w1", session, n, `hash ${n}`)).toBe(true);
  for (const n of [3, 1, 4, 2]) {
    expect(ownership.note("w1", session, n, `hash ${n}`)).toBe(true);
    expect(ownership.note("w1", session, n, "another")).toBe(false);
  }
  // One session's number is not another's.
  expect(ownership.note("w1", newSessionId(), 3, "another")).toBe(true);
});

test("what was told first counts, after any number of events in between", () => {
  const ownership = new Ownership();
  for (let n = 1; n <= 60_000; n++) ownership.note("w1", session, n, "first");
  expect(ownership.note("w1", session, 1, "second")).toBe(false);
});

test("a session out of the archive keeps its owner, whatever was archived later", () => {
  const ownership = new Ownership();
  const part = {
    session,
    open: null,
    close: null,
    numbers: [],
    commands: [],
    denied: [],
    held: [],
    results: [],
    last: 0,
    events: [],
    output: [],
  };
  ownership.learn({ ...part, writer: null });
  expect(ownership.mayWrite("w2", session)).toBe(true);
  ownership.learn({ ...part, writer: "w1" });
  ownership.learn({ ...part, writer: "w2" });
  expect(ownership.mayWrite("w2", session)).toBe(false);
  expect(ownership.note("w1", session, 7, "a")).toBe(true);
});
