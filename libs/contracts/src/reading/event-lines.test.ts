import { isDeepStrictEqual } from "node:util";
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { CommandKind, RecordEvent, type Command } from "../events.ts";
import { Action, ResourceType, Use } from "../operations.ts";
import { EventLines } from "./event-lines.ts";

/** Texts in which a line could be taken apart wrongly. */
const hostile = fc
  .array(
    fc.constantFrom(
      ',"kind":',
      ',"text":',
      ',"operations":',
      ',"decision":',
      ',\\"kind\\":',
      '"',
      "\\",
      "}",
      "{",
      "]",
      ",",
      "é",
      "𝄞",
      "\u0000",
      "\ufeff",
      "\u2028",
      "__proto__",
      "x",
    ),
    { maxLength: 5 },
  )
  .map((parts) => parts.join(""));
const word = fc.oneof(hostile, fc.string({ maxLength: 12 }));
const key = fc.oneof(
  fc.constantFrom("kind", "text", "operations", "decision", "__proto__", "constructor", "v"),
  word,
);
const id = fc.string({
  unit: fc.constantFrom(..."abcdefghijklmnopqrstuvwxyz234567".split("")),
  minLength: 26,
  maxLength: 26,
});
const hex = (length: number) =>
  fc.string({
    unit: fc.constantFrom(..."0123456789abcdef".split("")),
    minLength: length,
    maxLength: length,
  });
const sha256 = hex(64);
const trace = fc.tuple(hex(32), hex(16), hex(2)).map((parts) => ["00", ...parts].join("-"));
/** Of what a clock and a counter give. */
const count = fc.oneof(fc.nat(), fc.nat({ max: 999_999_999_999_999 }));
const sometimes = { requiredKeys: [] as [] };
const chained = {
  v: fc.constant(1),
  session: id,
  n: count.map((n) => n || 1),
  prev: fc.option(sha256),
  time: count,
};

const principal = fc
  .tuple(
    fc.record({
      id: word.map((text) => `corp#${text}`),
      issuer: fc.constant("corp"),
      subject: word.map((text) => `s${text}`),
      kind: fc.constantFrom("workload", "person"),
      groups: fc.array(word, { maxLength: 3 }),
      delegation: fc.array(word, { maxLength: 2 }),
      token: word,
      claims: fc.dictionary(
        key,
        fc.oneof(word, fc.integer(), fc.boolean(), fc.array(word, { maxLength: 2 })),
        { maxKeys: 4 },
      ),
    }),
    fc.record({ owner: word }, sometimes),
  )
  .map(([whole, part]) => ({ ...whole, ...part }));
const reference = fc.record({ type: fc.constantFrom(...ResourceType.options), id: word });
const operation = fc
  .tuple(
    fc.constantFrom(...Action.options),
    reference,
    fc.record(
      { in: fc.array(reference, { maxLength: 2 }), tags: fc.array(word, { maxLength: 2 }) },
      sometimes,
    ),
    fc.record(
      {
        use: fc.constantFrom(...Use.options),
        where: fc.boolean(),
        planned: fc.constant(true),
        detail: word,
      },
      sometimes,
    ),
  )
  .map(([action, ref, more, rest]) => ({ action, resource: { ...ref, ...more }, ...rest }));

const asker = fc.record({
  kind: fc.constantFrom(...CommandKind.options),
  connection: fc.constantFrom("orders", "a-b"),
  principal,
  address: word,
});
const command = fc
  .tuple(
    fc.record({ v: chained.v, type: fc.constant("command") }),
    fc.record({ ...chained }),
    fc.record({ trace }, sometimes),
    fc.record({
      command: id,
      deadline: count,
      revision: count,
      mayWait: fc.boolean(),
      parameters: fc.array(
        fc.record({ oid: count, format: fc.constantFrom(0, 1), value: fc.option(word) }),
        { maxLength: 3 },
      ),
    }),
    asker,
    fc.record({ text: word }),
    fc.record({ operations: fc.array(operation, { maxLength: 3 }) }),
  )
  .map((parts): object => Object.assign({}, ...parts) as object);
const verdict = fc
  .tuple(
    fc.record({ v: chained.v, type: fc.constant("verdict"), session: id, command: id }),
    fc.record({ hash: sha256, time: count }),
    fc.record({ trace }, sometimes),
    fc.record({
      decision: fc.constantFrom("pass", "deny"),
      final: fc.boolean(),
      reasons: fc.array(fc.record({ policy: word, reason: word }), { maxLength: 2 }),
      masks: fc.array(
        fc.record({
          column: word,
          masker: fc.constantFrom("null", "hash", "partial:4"),
          policies: fc.array(word, { minLength: 1, maxLength: 2 }),
        }),
        { maxLength: 2 },
      ),
      holds: fc.constant([]),
      policies: fc.array(word, { maxLength: 2 }),
      shadow: fc.array(fc.record({ policy: word, effect: word }), { maxLength: 1 }),
      revision: count,
    }),
    fc.record({ under: count }, sometimes),
  )
  .map((parts): object => Object.assign({}, ...parts) as object);
const event = fc.oneof(command, verdict);

/** Where the `n`th of some marks is, counted round; 0 when there is none. */
function nth(line: string, mark: string, n: number): number {
  const found = [...line.matchAll(new RegExp(mark, "g"))].map(({ index }) => index);
  return found[n % Math.max(1, found.length)] ?? 0;
}

/** Changes that make other lines of a line: strange values, members twice, parts of others, bytes lost. */
type Change = (line: string) => string;
const strangeValue = fc.constantFrom(
  "null",
  "-1",
  "-0",
  "1.5",
  "1e3",
  "01",
  "9007199254740993",
  '""',
  '"a"',
  "[]",
  "{}",
  "[null]",
  "true",
  '{"__proto__":1}',
  '"\\u0061"',
  '"\\ud800"',
  '{"a":1,"kind":"simple"}',
  '{"a":{"b":1,"text":"x","operations":[]}}',
);
const members = [
  ..."v type session n prev time trace command kind connection principal address text".split(" "),
  ..."parameters long operations mayWait deadline revision decision hash under hold".split(" "),
  ..."extra __proto__ constructor claims oid id".split(" "),
];
const member = fc.tuple(fc.constantFrom(...members), strangeValue).map(([k, v]) => `"${k}":${v}`);
/** Where a member or an element may begin or end; `at` chooses. */
const placeOf = (line: string, at: number): number => nth(line, "[,{}[\\]]", at);
const insertAt = (line: string, at: number, what: string): string =>
  line.slice(0, at) + what + line.slice(at);
const change: fc.Arbitrary<Change> = fc.oneof(
  fc.tuple(member, fc.nat()).map(
    ([text, at]): Change =>
      (line) =>
        insertAt(line, placeOf(line, at), `,${text}`),
  ),
  fc.tuple(member, fc.nat()).map(
    ([text, at]): Change =>
      (line) =>
        insertAt(line, placeOf(line, at) + 1, `${text},`),
  ),
  fc.tuple(fc.constantFrom(...members), strangeValue).map(
    ([name, value]): Change =>
      (line) =>
        line.replace(new RegExp(`"${name}":("[^"]*"|[^,}\\]]*)`), () => `"${name}":${value}`),
  ),
  fc.tuple(hostile, fc.nat()).map(
    ([text, at]): Change =>
      (line) =>
        insertAt(line, at % (line.length + 1), text),
  ),
  fc.tuple(fc.nat(), fc.nat(12)).map(
    ([at, length]): Change =>
      (line) =>
        line.slice(0, at % line.length) + line.slice((at % line.length) + length),
  ),
  fc.tuple(fc.constantFrom(" ", "\t", "\r", "\ufeff", "}", "{}", "null", "\u00a0"), fc.nat()).map(
    ([text, at]): Change =>
      (line) =>
        insertAt(line, placeOf(line, at), text),
  ),
);

const strict = (line: Uint8Array): RecordEvent | null => {
  try {
    const text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(line);
    return RecordEvent.safeParse(JSON.parse(text)).data ?? null;
  } catch {
    return null;
  }
};

/** What a quick reading did: `same` as the schema, `left` to it, or `wrong`. */
function outcome(lines: EventLines, line: string | Uint8Array): "same" | "left" | "wrong" {
  const bytes = Buffer.from(line);
  const read = lines.read(bytes);
  if (read === null) return "left";
  return isDeepStrictEqual(read, strict(bytes)) ? "same" : "wrong";
}

describe("a line's quick reading", () => {
  test("takes what writers write, the second time too", () => {
    const lines = new EventLines();
    fc.assert(
      fc.property(event, (value) => {
        const line = JSON.stringify(value);
        const marks = line.match(/,"(?:kind|text|operations|decision)":/g) ?? [];
        // A claim of such a name is left to the schema.
        const allowed = marks.length > 4 ? ["same", "left"] : ["same"];
        expect(allowed).toContain(outcome(lines, line));
        expect(allowed).toContain(outcome(lines, line));
      }),
      { numRuns: 300 },
    );
  }, 60_000);

  test("is never wrong, however a line is changed", () => {
    const lines = new EventLines();
    const counts = { same: 0, left: 0, wrong: 0 };
    fc.assert(
      fc.property(event, fc.array(change, { minLength: 1, maxLength: 3 }), (value, changes) => {
        const whole = JSON.stringify(value);
        lines.read(Buffer.from(whole));
        const found = outcome(
          lines,
          changes.reduce((text, apply) => apply(text), whole),
        );
        counts[found]++;
        expect(found).not.toBe("wrong");
      }),
      { numRuns: 800 },
    );
    expect(counts.same).toBeGreaterThan(0);
    expect(counts.left).toBeGreaterThan(0);
  }, 60_000);

  test("is never wrong, wherever two lines are joined", () => {
    const lines = new EventLines();
    const marks = [',"kind":', ',"text":', ',"operations":', ',"decision":', ',"trace":', ","];
    const mark = fc.constantFrom(...marks);
    fc.assert(
      fc.property(event, event, mark, mark, fc.nat(9), fc.nat(9), (one, other, from, to, a, b) => {
        const [first, second] = [JSON.stringify(one), JSON.stringify(other)];
        lines.read(Buffer.from(second));
        const line = first.slice(0, nth(first, from, a)) + second.slice(nth(second, to, b));
        expect(outcome(lines, line)).not.toBe("wrong");
      }),
      { numRuns: 500 },
    );
  }, 60_000);

  const plain = {
    v: 1,
    type: "command",
    session: "a".repeat(26),
    n: 2,
    prev: null,
    time: 1,
    command: "b".repeat(26),
    deadline: 2,
    revision: 3,
    mayWait: true,
    parameters: [],
    kind: "execute",
    connection: "orders",
    principal: {
      id: "corp#ci",
      issuer: "corp",
      subject: "ci",
      kind: "workload",
      groups: ["corp/ci"],
      delegation: [],
      token: "t",
      claims: {},
    },
    address: "127.0.0.1:1",
    text: "select 1",
    operations: [{ action: "read", resource: { type: "Table", id: "orders/public.t" } }],
  };
  const read = (lines: EventLines, text: string) => lines.read(Buffer.from(text)) as Command | null;

  test("shares who asks and the operations among the lines that say the same, frozen", () => {
    const lines = new EventLines();
    const one = read(lines, JSON.stringify(plain));
    const two = read(lines, JSON.stringify({ ...plain, n: 3, text: "select 2" }));
    expect(two).toStrictEqual({ ...plain, n: 3, text: "select 2" });
    expect(two?.principal).toBe(one?.principal);
    expect(two?.operations).toBe(one?.operations);
    expect(Object.isFrozen(two?.operations[0]?.resource)).toBe(true);
    expect(Object.isFrozen(two?.principal.claims)).toBe(true);
  });

  const text = JSON.stringify(plain);
  test.each([
    ["a member of the end in the beginning", text.replace('"n":2', '"n":2,"text":"other"')],
    ["a member of the beginning in the end", text.replace('"connection"', '"n":9,"connection"')],
    ["a member twice in the beginning", text.replace('"n":2', '"n":7,"n":2')],
    ["a member twice in the end", text.replace('"address"', '"address":"x","address"')],
    ["__proto__ in the beginning", text.replace('"n":2', '"n":2,"__proto__":{"trace":1}')],
    ["__proto__ in the end", text.replace('"address"', '"__proto__":{},"address"')],
    ["an event numbered 0", text.replace('"n":2', '"n":0')],
    ["a number that is not exact", text.replace('"time":1', '"time":9007199254740993')],
    [
      "a parameter with an unknown member",
      text.replace("[]", '[{"oid":1,"format":0,"value":"","x":1}]'),
    ],
    ["a member between the parameters and who asks", text.replace("[]", '[],"trace":"x"')],
    ["an unknown member", text.replace('"address"', '"extra":1,"address"')],
    ["the mark inside a string", text.replace("select 1", ',\\"kind\\":\\"x')],
    ["the mark inside an object", text.replace('"n":2', '"n":{"a":1,"kind":"simple"}')],
    ["nothing before the mark", `{${text.slice(text.indexOf(',"kind"'))}`],
    ["an object that closes before the mark", text.replace(',"kind":"exec', '},{"kind":"exec')],
    ["another object after the end", `${text}{}`],
    ["white space at the end", `${text} `],
    ["bytes that are no UTF-8", Buffer.concat([Buffer.from(text.slice(0, -9)), Buffer.of(0xff)])],
    ["a byte order mark", `\ufeff${text}`],
    ["text beyond ASCII", text.replace("select 1", "select 'é𝄞'")],
    ["half of a surrogate pair", text.replace("select 1", "\\ud800")],
  ])("agrees with the schema on %s", (_what, line) => {
    const lines = new EventLines();
    expect(outcome(lines, line)).not.toBe("wrong");
    lines.read(Buffer.from(text));
    expect(outcome(lines, line)).not.toBe("wrong");
  });
});
