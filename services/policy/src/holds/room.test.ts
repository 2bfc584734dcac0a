import { expect, test } from "vitest";
import { HoldRoom } from "./room.ts";

const line = "x".repeat(60_000);

test("a principal's holds take a part of the bucket, and no other's", () => {
  const room = new HoldRoom();
  let count = 0;
  for (; room.has(`a${count}`, "a", line); count++) room.keep(`a${count}`, "a", line);
  expect(count).toBeGreaterThan(100);
  expect(count).toBeLessThan(200);
  expect(room.has("b", "b", line)).toBe(true);
});

test("what is opened again under its key takes no more, and what was answered nothing", () => {
  const room = new HoldRoom();
  for (let n = 0; n < 1000; n++) {
    expect(room.has("k", "a", line)).toBe(true);
    room.keep("k", "a", line);
  }
  for (let n = 0; n < 1000; n++) {
    room.keep(`k${n}`, "a", line);
    room.free(`k${n}`);
    room.free(`k${n}`);
  }
  expect(room.has("other", "a", line)).toBe(true);
});
