import { isWholeHandle } from "@sallyport/contracts";
import { createSealingKey } from "@sallyport/runtime";
import { expect, test } from "vitest";
import { HandleBox } from "./handle-box.ts";

const box = new HandleBox(createSealingKey().seed);

test("a handle is short, always the same for a token, and another for another token or key", () => {
  const handle = box.handleOf("token");
  expect(handle).toMatch(/^sally_[a-z2-7]{32}$/);
  expect(handle).toHaveLength(38);
  expect(isWholeHandle(handle)).toBe(true);
  expect(box.handleOf("token")).toBe(handle);
  expect(box.handleOf("tokem")).not.toBe(handle);
  expect(new HandleBox(createSealingKey().seed).handleOf("token")).not.toBe(handle);
});

test("contents open with their handle and key only, and only unchanged", () => {
  const handle = box.handleOf("token");
  const sealed = box.seal(handle, "who it is");
  expect(box.open(handle, sealed)).toBe("who it is");
  expect(box.seal(handle, "who it is")).not.toBe(sealed);
  expect(box.open(box.handleOf("other"), sealed)).toBeNull();
  expect(new HandleBox(createSealingKey().seed).open(handle, sealed)).toBeNull();
  const bytes = Buffer.from(sealed, "base64");
  for (let at = 0; at < bytes.length; at++) {
    const changed = Buffer.from(bytes);
    changed[at] = (changed[at] ?? 0) ^ 1;
    expect(box.open(handle, changed.toString("base64"))).toBeNull();
  }
  for (const short of ["", "AAAA", bytes.subarray(0, 27).toString("base64")])
    expect(box.open(handle, short)).toBeNull();
});

test("neither a handle nor what it stands for is in what is stored", () => {
  const handle = box.handleOf("token");
  const stored = `${box.hashOf(handle)} ${box.seal(handle, "who it is")}`;
  expect(stored).not.toContain(handle.slice(6));
  expect(Buffer.from(stored, "base64").toString("latin1")).not.toContain("who it is");
});
