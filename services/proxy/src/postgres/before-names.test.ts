import { expect, test } from "vitest";
import { parseFrontend, toTarget } from "@sallyport/pgwire";
import type { TextForm } from "@sallyport/sql";
import { beforeNames, isLastWord, type Block } from "./before-names.ts";
import type { CommandUnit } from "./statements.ts";

const { query, parse, bind, execute } = toTarget;

const unit = (...frames: readonly Buffer[]): Pick<CommandUnit, "steps"> => ({
  steps: frames.map((frame) => ({ frame, message: parseFrontend(frame) })),
});
const simple = unit(query("x"));
const extended = unit(parse("", "x"), bind({}), execute());

const plain: TextForm = { statements: 1, takenWhenFailed: false, place: null };
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

test("in a failed transaction nobody judges what is refused whatever it is", () => {
  const last = (asked: Pick<CommandUnit, "steps">) => {
    const said = beforeNames(asked, [plain], "failed");
    return said && isLastWord(asked, said);
  };
  expect(last(simple)).toBe(true);
  expect(last(extended)).toBe(true);
  // It may be bound with too few values, of which PostgreSQL speaks first.
  expect(last(unit(bind({ statement: "s" }), execute()))).toBe(false);
  const placed = beforeNames(simple, [vacuum], "open");
  expect(placed && isLastWord(simple, placed)).toBe(false);
});
