import { expect, test } from "vitest";
import { ByName } from "./by-name.ts";

test("the unnamed one is like the others, and not among the named", () => {
  const names = new ByName<number>();
  names.set("", 1);
  names.set("a", 2);
  names.set("b", 3);
  expect([names.get(""), names.get("a"), names.get("c")]).toStrictEqual([1, 2, undefined]);
  expect([...names.named]).toStrictEqual([
    ["a", 2],
    ["b", 3],
  ]);
  names.deleteAll((one) => one < 3);
  expect([names.get(""), names.get("a"), names.get("b")]).toStrictEqual([undefined, undefined, 3]);
  names.delete("b");
  names.set("", 4);
  names.delete("");
  expect([names.get(""), names.named.size]).toStrictEqual([undefined, 0]);
});
