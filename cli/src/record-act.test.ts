import { eventHash, WriterEvent } from "@sallyport/contracts";
import { expect, test } from "vitest";
import { actLines } from "./record-act.ts";

test("an act is a session of three chained events", () => {
  const lines = actLines("revoke", "corp#ci: leaked", "me@here", 1_700_000_000_000);
  const events = lines.map((line) => WriterEvent.parse(JSON.parse(line)));
  expect(events.map(({ type, n, prev }) => [type, n, prev])).toEqual([
    ["open", 1, null],
    ["own", 2, eventHash(lines[0] ?? "")],
    ["close", 3, eventHash(lines[1] ?? "")],
  ]);
  expect(new Set(events.map(({ session }) => session)).size).toBe(1);
  expect(events[1]).toMatchObject({ purpose: "revoke", text: "corp#ci: leaked", by: "me@here" });
});
