import { expect, test } from "vitest";
import { parseFrontend, toTarget, type Bind } from "@sallyport/pgwire";
import type { TextForm } from "@sallyport/sql";
import { beforeNames, lastWord, type Block } from "./before-names.ts";
import type { Portal, Prepared } from "./protocol-names.ts";
import type { CommandUnit } from "./statements.ts";

const { query, parse, bind, execute } = toTarget;

const unit = (...frames: readonly Buffer[]): Pick<CommandUnit, "steps"> => ({
  steps: frames.map((frame) => ({ frame, message: parseFrontend(frame) })),
});
const simple = unit(query("x"));
const extended = unit(parse("", "x"), bind({}), execute());

const plain: TextForm = {
  statements: 1,
  takenWhenFailed: false,
  place: null,
  parameters: 0,
};
const vacuum: TextForm = {
  ...plain,
  place: { only: "outside a transaction", called: "VACUUM" },
};
const lock: TextForm = { ...plain, place: { only: "in a transaction", called: "LOCK TABLE" } };

test.each<[TextForm, Block, string | undefined]>([
  [plain, "failed", "25P02"],
  [vacuum, "failed", "25P02"],
  [{ ...plain, takenWhenFailed: true }, "failed", undefined],
  [plain, "open", undefined],
  [vacuum, "open", "25001"],
  [vacuum, "none", undefined],
  [{ ...vacuum, statements: 2 }, "none", "25001"],
  [vacuum, "unknown", undefined],
  [lock, "open", undefined],
  [lock, "none", "25P01"],
  [{ ...lock, statements: 2 }, "none", undefined],
  [lock, "unknown", undefined],
])("%j in a transaction that is %s: %s", (form, block, sqlstate) => {
  expect(beforeNames(simple, [form], block)?.said.sqlstate).toBe(sqlstate);
});

test("a text is refused for its place when it runs, not when it is parsed", () => {
  expect(beforeNames(extended, [vacuum], "open")?.said.sqlstate).toBe("25001");
  expect(beforeNames(unit(parse("s", "x")), [vacuum], "open")).toBeNull();
});

const prepared: Prepared = {
  name: "s",
  text: "x",
  types: [],
  segment: 0,
  order: 0,
  made: true,
  gone: false,
  previous: null,
  doubtful: false,
  unverified: false,
};
const portal: Portal = {
  name: "p",
  statement: prepared,
  bind: { kind: "bind" } as Bind,
  segment: 0,
  order: 0,
  made: true,
  doubtful: false,
};

const last = (
  asked: Pick<CommandUnit, "steps">,
  { form = plain, changing = false }: { form?: TextForm; changing?: boolean } = {},
) => {
  const said = beforeNames(asked, [form], "failed");
  return lastWord(asked, said, [form], () => changing)?.said.sqlstate;
};

test("in a failed transaction nobody judges what is refused whatever it is", () => {
  expect(last(simple)).toBe("25P02");
  expect(last(extended)).toBe("25P02");
  expect(last(unit(toTarget.sync))).toBeUndefined();
  const placed = beforeNames(simple, [vacuum], "open");
  expect(lastWord(simple, placed, [vacuum], () => false)).toBeNull();
});

test.each<[string, string | undefined, Partial<Prepared>, Parameters<typeof bind>[0]?, TextForm?]>([
  ["as it should be", "25P02", {}],
  ["with its value", "25P02", {}, { parameters: [Buffer.from("1")] }, { ...plain, parameters: 1 }],
  ["with a value too few", "08P01", {}, {}, { ...plain, parameters: 1 }],
  ["with a value too many", "08P01", {}, { parameters: [Buffer.from("1")] }],
  [
    "of more parameters than are used",
    "25P02",
    { types: [23] },
    { parameters: [Buffer.from("1")] },
  ],
  ["of what SQL has prepared", undefined, { text: null }],
  ["not answered yet", undefined, { made: false }],
  ["that may be another one", undefined, { unverified: true }],
])("a Bind in a failed transaction: %s", (_, sqlstate, more, values = {}, form = plain) => {
  const { steps } = unit(bind({ statement: "s", ...values }), execute());
  const [first, ...others] = steps;
  if (!first) throw new Error("no step");
  const bound = { steps: [{ ...first, prepared: { ...prepared, ...more } }, ...others] };
  expect(last(bound, { form })).toBe(sqlstate);
  expect(last(bound, { form, changing: true })).toBeUndefined();
});

test("an Execute in a failed transaction, of a portal that is there", () => {
  const step = { frame: execute("p"), message: parseFrontend(execute("p")) };
  const of = (more: Partial<Portal>) =>
    last({ steps: [{ ...step, portal: { ...portal, ...more } }] });
  expect(of({})).toBe("25P02");
  expect(of({ bind: null })).toBeUndefined();
  expect(of({ made: false })).toBeUndefined();
  expect(of({ doubtful: true })).toBeUndefined();
});
