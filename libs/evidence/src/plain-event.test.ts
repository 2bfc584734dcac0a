import { Command, Result, Verdict } from "@sallyport/contracts";
import * as fc from "fast-check";
import { expect, test } from "vitest";
import { readPlainEvent } from "./plain-event.ts";
import { SampleSession, samplePrincipal } from "./sample-session.ts";

const schemas = { command: Command, result: Result, verdict: Verdict };
const strictUtf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** What the schemas say of a line: the reference. Null when they do not take it. */
function bySchema(line: Buffer): Record<string, unknown> | null {
  try {
    const value: unknown = JSON.parse(strictUtf8.decode(line));
    const { type } = value as { readonly type: keyof typeof schemas };
    const { success, data } = schemas[type].safeParse(value);
    return success ? data : null;
  } catch {
    return null;
  }
}

/** What is read plainly is what the schemas say, and they say it of the whole line. */
function agrees(line: Buffer): boolean {
  const plain = readPlainEvent(line);
  if (plain === null) return false;
  expect(bySchema(line)).toMatchObject(plain);
  return true;
}

const text = fc.oneof(
  fc.string({ unit: "binary", maxLength: 60 }),
  fc.string({ unit: "grapheme", maxLength: 20 }),
  fc.constantFrom("", "select 1", "null", '"', "\\", "\\u0000", "\ud800", "}", ',"n":1'),
);
const trace = fc.constantFrom(undefined, "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01");
const parameter = fc.record({
  oid: fc.nat(),
  format: fc.constantFrom(0 as const, 1 as const),
  value: fc.option(text),
});
const operation = fc.record({
  action: fc.constantFrom("read" as const, "opaque" as const),
  resource: fc.record({ type: fc.constant("Table" as const), id: text }),
});
const commands = fc
  .record({
    text,
    trace,
    parameters: fc.array(parameter, { maxLength: 4 }),
    operations: fc.array(operation, { maxLength: 3 }),
    kind: fc.constantFrom("simple" as const, "execute" as const),
    address: fc.constantFrom("127.0.0.1:1", "[::1]:5432", "é".repeat(64)),
    principal: text.map((subject) => ({ ...samplePrincipal, claims: { subject } })),
    mayWait: fc.boolean(),
  })
  .map(({ text: statement, trace: of, ...more }) =>
    new SampleSession().command(statement, { ...more, ...(of !== undefined && { trace: of }) }),
  );
const verdicts = fc
  .record({
    command: commands,
    trace,
    decision: fc.constantFrom("deny" as const, "pass" as const),
    reasons: fc.array(fc.record({ policy: text, reason: text }), { maxLength: 2 }),
    under: fc.constantFrom(undefined, 0, 7),
    revision: fc.nat(),
  })
  .map(({ command, ...more }) => new SampleSession().verdict(command, more));
const results = fc
  .record({
    tags: fc.array(text, { maxLength: 2 }),
    detected: fc.constantFrom(undefined, { email: 3 }),
    sent: fc.option(fc.nat()),
    outcome: fc.constantFrom("executed" as const, "refused-policy" as const),
    rows: fc.nat(),
  })
  .map((more) => {
    const sample = new SampleSession();
    const command = sample.command("select 1");
    return sample.result(command, sample.verdict(command), [Buffer.from("x")], more);
  });
const lines = fc
  .oneof(
    commands.map(({ line }) => line),
    verdicts,
    results,
  )
  .map((line) => Buffer.from(line));

test("what our services write is read plainly, as its schema reads it", () => {
  fc.assert(
    fc.property(lines, (line) => {
      expect(agrees(line)).toBe(true);
    }),
  );
}, 60_000);

test("a line that was changed anywhere is read plainly only if its schema takes it", () => {
  const piece = fc.constantFrom(
    ...'",{}[]0- \\\n'.split(""),
    "null",
    "true",
    "1e3",
    "1.0",
    '"n":1,',
    ',"n":7',
    '"extra":1,',
    "\u00ff",
    "\\u12",
    "é",
    '"type":"verdict",',
    "__proto__",
  );
  let taken = 0;
  fc.assert(
    fc.property(
      lines,
      fc.nat(),
      fc.nat({ max: 12 }),
      fc.oneof(
        piece.map((one) => Buffer.from(one)),
        fc.uint8Array({ maxLength: 3 }),
      ),
      (line, place, length, put) => {
        const at = place % (line.length + 1);
        const changed = Buffer.concat([line.subarray(0, at), put, line.subarray(at + length)]);
        if (agrees(changed)) taken += 1;
      },
    ),
    { numRuns: 2000 },
  );
  expect(taken).toBeGreaterThan(0);
}, 60_000);

const sample = new SampleSession();
const command = sample.command("select 1", {
  parameters: [{ oid: 0, format: 0, value: "1" }],
  trace: "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
});
const verdict = sample.verdict(command, { under: 1 });
const result = sample.result(command, verdict, [Buffer.from("x")]);

test("each byte of a line is looked at", () => {
  for (const line of [command.line, verdict, result]) {
    expect(agrees(Buffer.from(line))).toBe(true);
    for (let at = 0; at < line.length; at++) {
      agrees(Buffer.from(line.slice(0, at)));
      agrees(Buffer.from(line.slice(0, at) + line.slice(at + 1)));
      for (const put of ['"', "0", "x", "\\", ",", "}", "]", " ", "é"]) {
        agrees(Buffer.from(line.slice(0, at) + put + line.slice(at)));
        agrees(Buffer.from(line.slice(0, at) + put + line.slice(at + 1)));
      }
    }
  }
}, 60_000);

test("members in another order are read, one that is there twice or missing is not", () => {
  const members = Object.entries(JSON.parse(command.line) as Record<string, unknown>).slice(2);
  const write = (all: readonly (readonly [string, unknown])[]): Buffer =>
    Buffer.from(
      `{"v":1,"type":"command",${all.map(([key, value]) => `"${key}":${JSON.stringify(value)}`).join()}}`,
    );
  expect(agrees(write(members.toReversed()))).toBe(true);
  for (const [index, member] of members.entries()) {
    expect(readPlainEvent(write([...members, member]))).toBeNull();
    const without = readPlainEvent(write(members.toSpliced(index, 1)));
    expect(without === null).toBe(member[0] !== "trace");
  }
});

test("a value that only its line's later members make good is not taken for known", () => {
  const good = JSON.stringify(samplePrincipal);
  const bad = good.replace('"kind":"workload"', '"kind":"nobody"');
  const twice = command.line.replace(good, `${bad},"principal":${good}`);
  expect(bySchema(Buffer.from(twice))).not.toBeNull();
  expect(readPlainEvent(Buffer.from(twice))).toBeNull();
  expect(readPlainEvent(Buffer.from(command.line.replace(good, bad)))).toBeNull();
});
