import { setImmediate as turn } from "node:timers/promises";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import type { MessageToKeep } from "./kept-messages.ts";
import { Lane, type Recorded } from "./record-lane.ts";

// Only the test lets time pass: a busy machine must not end a wait.
beforeEach(() => void vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "performance"] }));
afterEach(() => void vi.useRealTimers());

/** A lane, and the messages that it handed over. */
function lane(): { events: Lane; sent: MessageToKeep[]; texts: () => string[] } {
  const sent: MessageToKeep[] = [];
  const events = new Lane(
    { stream: "S", events: "e", commands: "c" },
    {
      refusal: () => null,
      took: () => undefined,
      tooLarge: () => undefined,
      keep: (message) => sent.push(message),
    },
  );
  return { events, sent, texts: () => sent.map(({ body }) => Buffer.from(body).toString("utf8")) };
}

const later = () => performance.now() + 2000;
const nobody = () => undefined;

test("a sender that works alone waits for nobody", async () => {
  const { events, texts } = lane();
  for (const text of ["1", "2", "3"]) {
    events.command(text, later(), nobody, "a");
    await turn();
  }
  expect(texts()).toEqual(["1\n", "2\n", "3\n"]);
});

test("commands of senders at work wait for each other; what else there is goes with them", async () => {
  const { events, sent, texts } = lane();
  const told: Recorded[] = [];
  for (const sender of ["a", "b", "c", "d"])
    events.command(sender, later(), (recorded) => told.push(recorded), sender);
  await turn();
  expect(texts()).toEqual(["a\nb\nc\nd\n"]);
  sent[0]?.onStored(7);
  expect(told).toEqual(["a", "b", "c", "d"].map(() => ({ kind: "stored", seq: 7 })));
  events.command("a2", later(), nobody, "a");
  await turn();
  events.event("result");
  events.command("b2", later(), nobody, "b");
  await turn();
  expect(texts()).toHaveLength(1);
  events.command("c2", later(), nobody, "c");
  events.command("d2", later(), nobody, "d");
  await turn();
  expect(texts()[1]).toBe("a2\nresult\nb2\nc2\nd2\n");
});

test("a pipeline counts as one sender: its message waits for the others, and leaves with them", async () => {
  const { events, texts } = lane();
  for (const sender of ["a", "b", "c"]) events.command(sender, later(), nobody, sender);
  await turn();
  for (const text of ["a2", "a3", "a4", "a5"]) events.command(text, later(), nobody, "a");
  await turn();
  events.command("b2", later(), nobody, "b");
  await turn();
  expect(texts()).toHaveLength(1);
  events.command("c2", later(), nobody, "c");
  await turn();
  expect(texts().slice(1)).toEqual(["a2\na3\na4\na5\nb2\nc2\n"]);
  for (const text of ["a6", "a7"]) events.command(text, later(), nobody, "a");
  await turn();
  vi.advanceTimersByTime(2);
  expect(texts().slice(2)).toEqual(["a6\na7\n"]);
});

test("a pipeline that works alone waits for nobody", async () => {
  const { events, texts } = lane();
  for (const text of ["1", "2", "3"]) events.command(text, later(), nobody, "a");
  await turn();
  events.command("4", later(), nobody, "a");
  await turn();
  expect(texts()).toEqual(["1\n2\n3\n", "4\n"]);
});

test("whoever comes no more holds nobody up for long", async () => {
  const { events, texts } = lane();
  for (const sender of ["a", "b", "c", "d"]) events.command(sender, later(), nobody, sender);
  await turn();
  events.command("a2", later(), nobody, "a");
  await turn();
  vi.advanceTimersByTime(1);
  expect(texts()).toHaveLength(1);
  vi.advanceTimersByTime(1);
  expect(texts()[1]).toBe("a2\n");
});

test("they wait for each other twice as long as the record takes to answer, 6 ms at most", async () => {
  const { events, sent } = lane();
  /** A message of both senders; then one sender alone, and after how many milliseconds that left. */
  const waited = async (answerTime: number): Promise<number> => {
    for (const sender of ["a", "b"]) events.command(sender, later(), nobody, sender);
    await turn();
    vi.advanceTimersByTime(answerTime);
    sent.at(-1)?.onStored(1);
    const before = sent.length;
    events.command("a", later(), nobody, "a");
    await turn();
    let ms = 0;
    for (; sent.length === before; ms++) vi.advanceTimersByTime(1);
    return ms;
  };
  // An eighth of each answer counts: 2 ms are the average after the first, and 7.75 after the second.
  expect(await waited(16)).toBe(4);
  expect(await waited(48)).toBe(6);
});

test("a message that was refused closes its commands, and a late acknowledgement counts for nothing more", async () => {
  const { events, sent } = lane();
  const told: Recorded[] = [];
  events.command("1", later(), (recorded) => told.push(recorded), "a");
  await turn();
  sent[0]?.onFirstFailure?.("record-unreachable");
  sent[0]?.onStored(8);
  expect(told).toEqual([{ kind: "closed", code: "record-unreachable" }]);
});
