import { setImmediate as turn } from "node:timers/promises";
import { expect, test } from "vitest";
import type { MessageToKeep } from "./kept-messages.ts";
import { Lane, type Recorded } from "./record-lane.ts";

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

const later = () => Date.now() + 2000;

test("commands of later turns gather while a message with commands waits for its acknowledgement", async () => {
  const { events, sent, texts } = lane();
  const told: Recorded[] = [];
  const tell = (recorded: Recorded) => void told.push(recorded);
  events.command("1", later(), tell);
  await turn();
  events.command("2", later(), tell);
  events.event("3");
  await turn();
  events.command("4", later(), tell);
  expect(texts()).toEqual(["1\n"]);
  sent[0]?.onStored(7);
  expect(told).toEqual([{ kind: "stored", seq: 7 }]);
  await turn();
  expect(texts()).toEqual(["1\n", "2\n3\n4\n"]);
});

test("a message that was refused holds nothing back, and a late acknowledgement counts for nothing more", async () => {
  const { events, sent, texts } = lane();
  events.command("1", later(), () => undefined);
  await turn();
  events.command("2", later(), () => undefined);
  sent[0]?.onFirstFailure?.("record-unreachable");
  await turn();
  expect(texts()).toEqual(["1\n", "2\n"]);
  sent[0]?.onStored(8);
  events.command("3", later(), () => undefined);
  await turn();
  expect(texts()).toHaveLength(2);
  sent[1]?.onStored(9);
  await turn();
  expect(texts()[2]).toBe("3\n");
});

test("a command waits 2 ms for company at the most", async () => {
  const { events, texts } = lane();
  events.command("1", later(), () => undefined);
  await turn();
  const began = performance.now();
  events.command("2", later(), () => undefined);
  while (texts().length < 2) await turn();
  expect(performance.now() - began).toBeGreaterThanOrEqual(1);
});
