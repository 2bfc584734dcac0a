import { expect, test } from "vitest";
import { waitFor } from "./wait-for.ts";

test("gives back what the condition gave once it was true", async () => {
  const answers = [undefined, false, "ready"];
  expect(await waitFor(() => answers.shift(), { what: "an answer", every: 1 })).toBe("ready");
});

test("takes a throw for not yet", async () => {
  let calls = 0;
  const condition = (): number => {
    if (++calls < 3) throw new Error("not yet");
    return calls;
  };
  expect(await waitFor(condition, { what: "the third call", every: 1 })).toBe(3);
});

test("says what it waited for and what stood in the way", async () => {
  const never = (): never => {
    throw new Error("still shut");
  };
  await expect(waitFor(never, { what: "the gate to open", timeout: 5, every: 1 })).rejects.toThrow(
    "waited 5 ms for the gate to open: still shut",
  );
});
