import { expect, test } from "vitest";
import { actLines } from "./act.ts";
import { eventHash, WriterEvent } from "./events.ts";
import { newSessionId, newStartId } from "./ids.ts";

test("an act is a session of three chained events, the same bytes for the same act", () => {
  const act = {
    session: newSessionId(),
    start: newStartId(),
    number: 1,
    time: 1_700_000_000_000,
    address: "127.0.0.1",
    client: { operator: "me@here" },
    purpose: "revoke",
    text: "corp#ci: leaked",
    by: "me@here",
  };
  const lines = actLines(act);
  const events = lines.map((line) => WriterEvent.parse(JSON.parse(line)));
  expect(events.map(({ type, n, prev }) => [type, n, prev])).toEqual([
    ["open", 1, null],
    ["own", 2, eventHash(lines[0] ?? "")],
    ["close", 3, eventHash(lines[1] ?? "")],
  ]);
  expect(new Set(events.map(({ session }) => session)).size).toBe(1);
  expect(events[0]).toMatchObject({ protocol: "operator", address: "127.0.0.1" });
  expect(events[1]).toMatchObject({ purpose: "revoke", text: "corp#ci: leaked", by: "me@here" });
  expect(actLines(act)).toEqual(lines);
});
