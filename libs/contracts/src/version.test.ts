import { expect, test } from "vitest";
import { otherVersion } from "./version.ts";

test("another version is named, with what it is a version of", () => {
  expect(otherVersion({ v: 2, type: "verdict" })).toBe(
    "`verdict` of version 2, and this process reads version 1",
  );
  expect(otherVersion({ v: 0 })).toBe("`message` of version 0, and this process reads version 1");
});

test.each([[null], ["v"], [[]], [{}], [{ v: 1, type: "verdict" }], [{ v: "2" }], [{ v: 1.5 }]])(
  "%j says nothing of another version",
  (message) => {
    expect(otherVersion(message)).toBeNull();
  },
);
