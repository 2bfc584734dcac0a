import { newCommandId, newHoldId, type Verdict } from "@sallyport/contracts";
import { describe, expect, test } from "vitest";
import { checkSession } from "./check-session.ts";
import {
  beginEntry,
  decodeEvents,
  eventParts,
  type EventEntry,
  type OutputEntry,
} from "./entry.ts";
import { isoTime } from "./session-list.ts";
import { SampleSession, samplePrincipal } from "./sample-session.ts";
import { assembleSession, timeline } from "./session-record.ts";

interface Stored {
  readonly subject: string;
  readonly line: string;
}

const event = (line: string, worker = "w1"): Stored => ({
  subject: `sp.rec.0.${worker}.event`,
  line,
});
const verdictOf = (line: string): Stored => ({ subject: "sp.rec.0.w1.verdict", line });

function entries(stored: readonly Stored[]): EventEntry[] {
  return stored.flatMap(({ subject, line }, index) =>
    decodeEvents(
      Buffer.concat(
        eventParts(
          beginEntry({ seq: index + 1, subject, time: "2026-11-22T18:31:20Z" }),
          0,
          Buffer.from(line),
        ),
      ),
    ).filter((entry) => entry.kind === "event"),
  );
}

const body = Buffer.from("rows that left");

/** A session of one command, whole. */
function whole(): { sample: SampleSession; stored: Stored[]; output: OutputEntry[] } {
  const sample = new SampleSession();
  const open = sample.open();
  const command = sample.command("select 1");
  const verdict = sample.verdict(command);
  const stored = [
    event(open),
    event(command.line),
    verdictOf(verdict),
    event(sample.result(command, verdict, [body])),
    event(sample.close()),
  ];
  const output = sample.chunks(command, [body]).map((chunk) => ({
    kind: "output" as const,
    seq: 1,
    subject: "sp.out.0.w1",
    time: "",
    chunk,
  }));
  return { sample, stored, output };
}

const check = (session: SampleSession, stored: readonly Stored[], output: readonly OutputEntry[]) =>
  checkSession(assembleSession(session.session, entries(stored), output)).map(({ code }) => code);

test("a whole session has no findings, in whatever order and however often it was stored", () => {
  const { sample, stored, output } = whole();
  expect(check(sample, stored, output)).toEqual([]);
  expect(check(sample, stored.toReversed(), output)).toEqual([]);
  expect(check(sample, [...stored, ...stored], [...output, ...output])).toEqual([]);
  const record = assembleSession(sample.session, entries(stored.toReversed()), output);
  expect(timeline(record).map((entry) => entry.event.type)).toEqual([
    "open",
    "command",
    "verdict",
    "result",
    "close",
  ]);
});

describe("tampering", () => {
  const edited = (stored: readonly Stored[], at: number, from: string, to: string): Stored[] =>
    stored.map((one, index) => (index === at ? { ...one, line: one.line.replace(from, to) } : one));
  const without = (stored: readonly Stored[], at: number): Stored[] =>
    stored.filter((_, index) => index !== at);
  const copied = (
    stored: readonly Stored[],
    from: string,
    to: string,
    worker: string,
  ): Stored[] => [...stored, event((stored[1]?.line ?? "").replace(from, to), worker)];

  test.each<[string, (stored: readonly Stored[]) => readonly Stored[], string[]]>([
    ["an event is missing", (all) => without(all, 1), ["event-missing"]],
    ["the opening is missing", (all) => without(all, 0), ["no-open", "event-missing"]],
    ["the end is cut off", (all) => all.slice(0, 4), ["not-closed"]],
    ["result and end are cut off", (all) => all.slice(0, 3), ["not-closed", "no-result"]],
    ["the verdict is missing", (all) => without(all, 2), ["no-verdict"]],
    [
      "a command is changed",
      (all) => edited(all, 1, "select 1", "select 2"),
      ["hash-chain-broken", "verdict-differs"],
    ],
    [
      "a verdict is changed",
      (all) => edited(all, 2, "ci-works-on-orders", "other"),
      ["no-verdict"],
    ],
    [
      "the close is changed",
      (all) => edited(all, 4, '"count":4', '"count":5'),
      ["event-after-close", "event-missing"],
    ],
    [
      "numbers are exchanged",
      (all) => edited(edited(all, 1, '"n":2', '"n":3'), 3, '"n":3', '"n":2'),
      [
        "hash-chain-broken",
        "hash-chain-broken",
        "hash-chain-broken",
        "conflict",
        "verdict-differs",
      ],
    ],
    [
      "another event stands under the same number",
      (all) => copied(all, "select 1", "drop table orders", "w1"),
      ["conflict"],
    ],
    [
      "another worker writes into it",
      (all) => copied(all, '"n":2', '"n":5', "w2"),
      ["foreign-writer"],
    ],
    [
      "a command is there again after the close",
      (all) => copied(all, '"n":2', '"n":5', "w1"),
      ["conflict", "event-after-close", "hash-chain-broken", "verdict-differs"],
    ],
  ])("%s", (_, tamper, expected) => {
    const { sample, stored, output } = whole();
    expect(check(sample, tamper(stored), output)).toEqual(expected);
  });
});

describe("a worker that chains what it makes up", () => {
  test.each<
    [string, (sample: SampleSession, done: ReturnType<SampleSession["command"]>) => string]
  >([
    ["gives a command a second result", (sample, done) => sample.result(done, null)],
    [
      "gives a result to no command",
      (sample) => sample.result({ id: newCommandId() }, null, [], { outcome: "not-sent" }),
    ],
    ["opens its session once more, for another", (sample) => sample.open()],
  ])("%s", (_, lie) => {
    const sample = new SampleSession();
    const open = sample.open();
    const command = sample.command("select 1");
    const verdict = sample.verdict(command);
    const stored = [open, command.line, sample.result(command, verdict)].map((line) => event(line));
    const lying = event(lie(sample, command));
    const all = [...stored, verdictOf(verdict), lying, event(sample.close())];
    expect(check(sample, all, [])).toEqual(["conflict"]);
  });

  test("tells what came of a command before it asks", () => {
    const sample = new SampleSession();
    const open = sample.open();
    const ahead = { id: newCommandId() };
    const result = sample.result(ahead, null, [], { outcome: "not-sent" });
    const { line } = sample.command("select 1", { command: ahead.id });
    const stored = [open, result, line, sample.close()].map((one) => event(one));
    expect(check(sample, stored, [])).toEqual(["conflict"]);
  });
});

test("a hostile number neither hangs nor breaks a check", () => {
  const { sample, stored, output } = whole();
  const huge = String(Number.MAX_SAFE_INTEGER);
  const far = (stored[4]?.line ?? "")
    .replace('"n":4', `"n":${huge}`)
    .replace('"count":4', `"count":${huge}`);
  expect(check(sample, [...stored, event(far)], output)).toContain("event-missing");
  expect(isoTime(Number.MAX_SAFE_INTEGER)).toBeNull();
});

test("output that is missing, changed or not in order is found", () => {
  const sample = new SampleSession();
  const open = sample.open();
  const command = sample.command("select 1");
  const verdict = sample.verdict(command);
  const bodies = [Buffer.from("one"), Buffer.from("two")];
  const result = sample.result(command, verdict, bodies);
  const stored = [
    event(open),
    event(command.line),
    verdictOf(verdict),
    event(result),
    event(sample.close()),
  ];
  const output = (parts: readonly Buffer[]): OutputEntry[] =>
    sample
      .chunks(command, parts)
      .map((chunk) => ({ kind: "output", seq: 1, subject: "sp.out.0.w1", time: "", chunk }));
  const [one, two] = output(bodies);
  if (one === undefined || two === undefined) throw new Error("two chunks");
  expect(check(sample, stored, [one, two])).toEqual([]);
  expect(check(sample, stored, [two, one])).toEqual([]);
  expect(check(sample, stored, [one])).toEqual(["output-missing"]);
  expect(check(sample, stored, [two])).toEqual(["output-missing"]);
  expect(check(sample, stored, output([Buffer.from("two"), Buffer.from("one")]))).toEqual([
    "output-changed",
  ]);
  expect(check(sample, stored, [one, two, ...output([Buffer.from("XXX")])])).toEqual(["conflict"]);
  expect(check(sample, stored, [one, two, { ...one, subject: "sp.out.0.w2" }])).toEqual([
    "foreign-writer",
  ]);
});

describe("what ran without a pass (I1, I2)", () => {
  const hold: NonNullable<Verdict["hold"]> = {
    id: newHoldId(),
    key: "0".repeat(64),
    state: "open",
    expires: 1,
    approvers: [],
  };
  const condition = { policy: "p", group: "corp/dba", quorum: 1, ttl: 1, wait: 1 };

  test.each([
    ["denied", { decision: "deny" as const }],
    ["held and unanswered", { holds: [condition], hold }],
    ["held and denied", { holds: [condition], hold: { ...hold, state: "denied" as const } }],
  ])("%s", (_, more) => {
    const sample = new SampleSession();
    const open = sample.open();
    const command = sample.command("drop table orders");
    const verdict = sample.verdict(command, more);
    const result = sample.result(command, verdict);
    const stored = [
      event(open),
      event(command.line),
      verdictOf(verdict),
      event(result),
      event(sample.close()),
    ];
    expect(check(sample, stored, [])).toEqual(["executed-without-pass"]);
  });

  test("never judged", () => {
    const sample = new SampleSession();
    const stored = [event(sample.open())];
    const command = sample.command("drop table orders");
    stored.push(event(command.line), event(sample.result(command, null)), event(sample.close()));
    expect(check(sample, stored, [])).toEqual(["executed-without-pass"]);
  });

  test.each([
    ["the next of its key", {}, []],
    ["one of another key", { key: "1".repeat(64) }, ["conflict"]],
    ["the same again", { id: hold.id }, ["conflict"]],
  ])("it waited on a hold and then on %s", (_, more, findings) => {
    const sample = new SampleSession();
    const open = sample.open();
    const command = sample.command("delete from orders where id = 1");
    const next = { ...hold, id: newHoldId(), expires: 2, ...more };
    const verdicts = [
      sample.verdict(command, { final: false, holds: [condition], hold }),
      sample.verdict(command, { final: false, holds: [condition], hold: next }),
      sample.verdict(command, {
        holds: [condition],
        hold: { ...next, state: "taken", approvers: ["corp#bob"] },
      }),
    ];
    const stored = [
      event(open),
      event(command.line),
      ...verdicts.map(verdictOf),
      event(sample.result(command, verdicts[2] ?? null)),
      event(sample.close()),
    ];
    expect(check(sample, stored, [])).toEqual(findings);
  });

  test("approved is a pass, with the approval in the timeline", () => {
    const sample = new SampleSession();
    const open = sample.open();
    const command = sample.command("delete from orders where id = 1");
    const asked = sample.verdict(command, { final: false, holds: [condition], hold });
    const final = sample.verdict(command, {
      time: 1_790_000_009_000,
      holds: [condition],
      hold: { ...hold, state: "taken", approvers: ["corp#bob"] },
    });
    const approval = sample.approval(command, hold.id, { ...samplePrincipal, id: "corp#bob" });
    const stored = [
      event(open),
      event(command.line),
      verdictOf(asked),
      { subject: "sp.rec.0.w1.approval", line: approval },
      verdictOf(final),
      event(sample.result(command, final)),
      event(sample.close()),
    ];
    expect(check(sample, stored, [])).toEqual([]);
    const record = assembleSession(sample.session, entries(stored), []);
    expect(timeline(record).map((entry) => entry.event.type)).toEqual([
      "open",
      "command",
      "verdict",
      "approval",
      "verdict",
      "result",
      "close",
    ]);
    expect(record.commands[0]?.approvals).toHaveLength(1);
  });

  test("a verdict on another text, and one too many", () => {
    const sample = new SampleSession();
    const open = sample.open();
    const command = sample.command("select 1");
    const verdict = sample.verdict(command);
    const other = sample.verdict({ id: command.id, line: "another line" });
    const stored = [event(open), event(command.line), verdictOf(verdict), verdictOf(other)];
    stored.push(event(sample.result(command, verdict)), event(sample.close()));
    expect(check(sample, stored, [])).toEqual(["verdict-differs", "conflict"]);
  });
});
