import { createHash } from "node:crypto";
import { newCommandId, type CommandId } from "@sallyport/contracts";
import { expect, test } from "vitest";
import { VerdictMemory, type Heard } from "./verdict-memory.ts";

const hashOf = (text: string): string => createHash("sha256").update(text).digest("hex");
const plain = (command: CommandId): Heard => ({
  hash: hashOf(command),
  earlier: [],
  due: false,
  hold: null,
});

test("gives what was heard, of each of many", () => {
  const memory = new VerdictMemory(1000);
  const commands = Array.from({ length: 1000 }, newCommandId);
  for (const command of commands) memory.set(command, plain(command), 1);
  expect(commands.map((command) => memory.get(command))).toStrictEqual(commands.map(plain));
  expect(memory.get(newCommandId())).toBeUndefined();
});

test("tells ids that differ in one letter", () => {
  const memory = new VerdictMemory(100);
  const all = ["a".repeat(26), "7".repeat(26)].flatMap((id) =>
    Array.from({ length: 26 }, (_, at) => `${id.slice(0, at)}b${id.slice(at + 1)}` as CommandId),
  );
  for (const command of all) memory.set(command, plain(command), 1);
  expect(all.map((command) => memory.get(command))).toStrictEqual(all.map(plain));
});

test("what is heard later stands in the place of what was heard before", () => {
  const memory = new VerdictMemory(10);
  const command = newCommandId();
  const held: Heard = { hash: hashOf("held"), earlier: [hashOf("x")], due: true, hold: "k" };
  for (const heard of [plain(command), held, { ...held, hash: null }, plain(command)]) {
    memory.set(command, heard, 1);
    expect(memory.get(command)).toStrictEqual(heard);
  }
});

test("forgets the older half when the younger is full, whatever fills it, or old", () => {
  const memory = new VerdictMemory(2, 100);
  const [a, b, c, d, e, f] = Array.from({ length: 6 }, newCommandId) as [
    CommandId,
    CommandId,
    CommandId,
    CommandId,
    CommandId,
    CommandId,
  ];
  memory.set(a, plain(a), 1);
  memory.set(b, { ...plain(b), due: true }, 1);
  memory.set(c, { ...plain(c), due: true }, 1);
  memory.set(d, plain(d), 1);
  expect([a, b, c, d].map((id) => memory.get(id)?.hash)).toStrictEqual([a, b, c, d].map(hashOf));
  memory.set(e, plain(e), 2);
  memory.set(f, plain(f), 200);
  expect([a, b, c, d, e, f].map((id) => memory.get(id)?.hash)).toStrictEqual([
    undefined,
    undefined,
    undefined,
    hashOf(d),
    hashOf(e),
    hashOf(f),
  ]);
});
