import { expect, test } from "vitest";
import { base32, CommandId, newCommandId } from "./ids.ts";

test("an id is 128 bits in base32, and no bit of it is always the same", () => {
  const ids = Array.from({ length: 1000 }, newCommandId);
  for (const id of ids) {
    expect(CommandId.safeParse(id).success).toBe(true);
    // The last character has three bits of 128.
    expect("aeimquy4").toContain(id.at(-1));
  }
  expect(new Set(ids).size).toBe(ids.length);
  const alphabet = base32(Buffer.from("00443214c74254b635cf84653a56d7c675be77df", "hex"));
  expect(alphabet).toBe("abcdefghijklmnopqrstuvwxyz234567");
  for (let at = 0; at < 26; at++)
    for (let bit = at === 25 ? 2 : 0; bit < 5; bit++) {
      const ones = ids.filter((id) => (alphabet.indexOf(id.charAt(at)) >> bit) & 1).length;
      // Of 1,000 fair coins: 10 standard deviations off.
      expect(Math.abs(ones - 500)).toBeLessThan(160);
    }
});
