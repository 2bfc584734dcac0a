import { expect, test } from "vitest";
import { mostHandshakes, OpenFiles, openFilesLimit, ownOpenFilesLimit } from "./open-files.ts";

test("the soft limit is read from /proc/self/limits", () => {
  const limits = (soft: string) =>
    `Limit                     Soft Limit           Hard Limit           Units     \nMax processes             7823                 7823                 processes \nMax open files            ${soft}                 1048576              files     \n`;
  expect(openFilesLimit(limits("4096"))).toBe(4096);
  expect(openFilesLimit(limits("unlimited"))).toBe(Number.POSITIVE_INFINITY);
  expect(openFilesLimit("")).toBe(1024);
  expect(ownOpenFilesLimit()).toBeGreaterThan(0);
});

test("handshakes take a quarter of the files, at most 1000", () => {
  expect([256, 1024, 1 << 20, Number.POSITIVE_INFINITY].map(mostHandshakes)).toEqual([
    64, 256, 1000, 1000,
  ]);
});

/** A process that may open 200 files: 50 are for handshakes and 32 are kept, so 118 may be in use. */
function process200(open: number | null) {
  const state = { open, at: 0, counts: 0, takes: 0 };
  const files = new OpenFiles({
    limit: 200,
    count: () => {
      state.counts++;
      state.at += state.takes;
      return state.open;
    },
    now: () => state.at,
  });
  const letsIn = (tries: number, sessions = 0) =>
    Array.from({ length: tries }, () => files.letIn(sessions)).filter(Boolean).length;
  return { state, files, letsIn };
}

test("two files a session, counted before they are open", () => {
  const { letsIn, state } = process200(100);
  expect(letsIn(40)).toBe(9);
  expect(state.counts).toBe(1);
});

test("where the system does not tell, two files for each session under way", () => {
  expect(process200(null).letsIn(40, 50)).toBe(9);
});

test("who has left since makes room", () => {
  const { letsIn, state } = process200(100);
  expect(letsIn(10)).toBe(9);
  state.open = 110;
  state.at = 49;
  expect(letsIn(10)).toBe(0);
  state.at = 50;
  expect(letsIn(10)).toBe(4);
});

test("what sessions do not explain is seen a second later", () => {
  const { letsIn, state } = process200(20);
  expect(letsIn(1)).toBe(1);
  state.open = 190;
  state.at = 999;
  expect(letsIn(1)).toBe(1);
  state.at = 1000;
  expect(letsIn(1)).toBe(0);
  expect(state.counts).toBe(2);
});

test("a count that takes long is made less often", () => {
  const { letsIn, state } = process200(20);
  state.takes = 30;
  letsIn(1);
  state.at = 3029;
  letsIn(1);
  expect(state.counts).toBe(1);
  state.at = 3030;
  letsIn(1);
  expect(state.counts).toBe(2);
});
