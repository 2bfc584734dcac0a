import { Lane } from "@sallyport/bus";
import {
  eventHash,
  EventLines,
  newCommandId,
  newStartId,
  Principal,
  RecordEvent,
} from "@sallyport/contracts";
import { expect, test } from "vitest";
import { askedMembers } from "./command-line.ts";
import { SessionNumbers, SessionRecord, type CommandFields } from "./record.ts";

const principal = Principal.parse({
  id: "corp#ci-runner",
  issuer: "corp",
  subject: "ci-runner",
  kind: "workload",
  groups: ["corp/ci"],
  delegation: [],
  token: "t1",
  claims: { team: 'a "quoted" one' },
});
const command = newCommandId();
const hash = "0".repeat(64);
const fields: CommandFields = {
  command,
  kind: "execute",
  connection: "shop",
  principal,
  address: "127.0.0.1:50000",
  text: 'SELECT "a" || $1 -- ,"kind":\u2028',
  parameters: [{ oid: 25, format: 0, value: 'é ,"text":"x' }],
  operations: [{ action: "read", resource: { type: "Table", id: "shop/public.t" } }],
  mayWait: true,
  deadline: 12,
  revision: 3,
};
const result = {
  command,
  outcome: "executed",
  verdict: hash,
  rows: 1,
  bytes: 2,
  output: null,
  parts: 0,
  tags: ["SELECT 1"],
  sent: 4,
  ended: 5,
} as const;

/** What is written, line by line. */
function written(write: (record: SessionRecord) => void): string[] {
  const lines: string[] = [];
  const lane = new Lane(
    { stream: "RECORD_0", events: "sp.rec.0.w1.event" },
    {
      refusal: () => null,
      took: () => {},
      tooLarge: () => {},
      keep: ({ body }) => lines.push(...Buffer.from(body).toString().split("\n").slice(0, -1)),
    },
  );
  write(new SessionRecord(lane, new SessionNumbers(newStartId())));
  lane.flush();
  return lines;
}

const all = (record: SessionRecord): void => {
  const { address } = fields;
  record.open({ protocol: "postgres", connection: "shop", address, tls: null, client: {} });
  for (const asked of [undefined, askedMembers(fields)])
    record.keep(record.command(fields, asked).line);
  record.keep(record.command({ ...fields, kind: "prepare", parameters: [] }).line);
  const long = { sha256: hash, bytes: 9, parts: 1 };
  record.keep(record.command({ ...fields, long }).line);
  record.result({ ...result, tags: [...result.tags] });
  const error = { code: "target", sqlstate: "22012", message: 'divided "by" zero' };
  const input = { bytes: 1, sha256: hash, parts: 1 };
  record.result({ ...result, tags: [], error, input, detected: { email: 2 }, sent: null });
  record.refused({ command, text: "x\n", textHash: hash, code: "syntax", message: "no" });
  record.own({ purpose: "names", text: "SELECT" });
  record.close({ reason: "terminate", bytes: 7 });
};

test("each line is an event, numbered, with the hash of the one before", () => {
  const lines = written(all);
  const events = lines.map((line) => RecordEvent.parse(JSON.parse(line)));
  expect(events.map((event) => ("n" in event ? event.n : 0))).toEqual(lines.map((_, at) => at + 1));
  expect(events.map((event) => ("prev" in event ? event.prev : ""))).toEqual([
    null,
    ...lines.slice(0, -1).map(eventHash),
  ]);
  expect(events[1]).toMatchObject({ type: "command", ...fields });
  expect(events[3]).toMatchObject({ ...fields, kind: "prepare", parameters: [] });
  expect(events[6]).toMatchObject({
    error: { message: 'divided "by" zero' },
    detected: { email: 2 },
  });
  expect(events.at(-1)).toMatchObject({ type: "close", count: lines.length });
});

test("what is written at once is what JSON writes, and what readers take apart", () => {
  const lines = written(all);
  const quick = new EventLines();
  for (const line of lines) expect(JSON.stringify(JSON.parse(line))).toBe(line);
  for (const line of [lines[1], lines[2], lines[3]])
    expect(quick.read(Buffer.from(line ?? ""))).toEqual(JSON.parse(line ?? ""));
  const after = (line: string | undefined) => line?.slice(line.indexOf(',"kind":'));
  expect(after(lines[2])).toBe(after(lines[1]));
});
