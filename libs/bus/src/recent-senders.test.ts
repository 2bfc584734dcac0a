import { expect, test } from "vitest";
import { RecentSenders } from "./recent-senders.ts";

test("counts who sent lately, each once", () => {
  const senders = new RecentSenders();
  for (const sender of ["a", "b", "a", "c"]) senders.note(sender, 1000, 10);
  expect(senders.count).toBe(3);
});

test("a sender that is silent is forgotten after two lives of a mark", () => {
  const senders = new RecentSenders();
  senders.note("a", 1000, 20);
  senders.note("b", 1001, 20);
  senders.note("a", 1021, 20);
  expect(senders.count).toBe(2);
  senders.note("a", 1042, 20);
  expect(senders.count).toBe(1);
});

test("nothing of before a pause counts", () => {
  const senders = new RecentSenders();
  for (const sender of ["a", "b", "c"]) senders.note(sender, 1000, 0);
  senders.note("a", 5000, 0);
  expect(senders.count).toBe(1);
});
