import { expect, test } from "vitest";
import { atTurnEnd } from "./turn-end.ts";

const turn = () => new Promise((resolve) => setImmediate(resolve));

test("acts once, in order, after what was to be done before the turn's end", async () => {
  const acted: string[] = [];
  atTurnEnd(() => acted.push("a"));
  atTurnEnd(() => {
    acted.push("b");
    atTurnEnd(() => acted.push("in the next turn"));
  });
  process.nextTick(() => acted.push("tick"));
  await turn();
  expect(acted).toEqual(["tick", "a", "b"]);
  await turn();
  expect(acted).toEqual(["tick", "a", "b", "in the next turn"]);
});
