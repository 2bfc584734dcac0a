import { expect, test } from "vitest";
import { parseFrontend, toTarget } from "@sallyport/pgwire";
import { NameError, Statements, type Unit } from "./statements.ts";

const { parse, bind, describe, execute, close, sync, flush, query } = toTarget;

function units(statements: Statements, ...frames: Buffer[]): Unit[] {
  return frames.flatMap((frame) => statements.accept(parseFrontend(frame), frame));
}

const shape = (unit: Unit): string =>
  unit.kind === "command"
    ? `${unit.commandKind}(${unit.steps.map(({ message }) => message.kind).join(" ")})`
    : unit.kind;

test("Parse, Bind, Describe and Execute of one statement are one command", () => {
  const all = units(
    new Statements(),
    parse("", "SELECT 1"),
    bind({}),
    describe("portal", ""),
    execute(),
    sync,
  );
  expect(all.map(shape)).toEqual(["execute(parse bind describe execute)", "sync"]);
});

test("what comes without an Execute before Sync or Flush is a prepare", () => {
  for (const end of [sync, flush]) {
    const all = units(new Statements(), parse("a", "SELECT 1"), describe("statement", "a"), end);
    expect(all.map(shape)).toEqual(["prepare(parse describe)", end === sync ? "sync" : "flush"]);
  }
});

test("an Execute does not carry the Parse of another statement with it", () => {
  const all = units(
    new Statements(),
    parse("a", "SELECT 1"),
    parse("b", "SELECT 2"),
    bind({ statement: "b" }),
    execute(),
    sync,
  );
  expect(all.map(shape)).toEqual(["prepare(parse parse bind)", "execute(execute)", "sync"]);
});

test("a portal that is bound twice is judged as it was bound last, and the first Bind too", () => {
  const statements = new Statements();
  const all = units(
    statements,
    parse("a", "SELECT 1"),
    parse("b", "SELECT 2"),
    bind({ statement: "a" }),
    bind({ statement: "b" }),
    execute(),
  );
  const last = all.at(-1);
  expect(all.map(shape)).toEqual(["prepare(parse parse bind bind)", "execute(execute)"]);
  expect(last?.kind === "command" && last.portal?.statement?.text).toBe("SELECT 2");
});

test("a simple query ends what was pending and drops the unnamed statement", () => {
  const statements = new Statements();
  const all = units(statements, parse("", "SELECT 1"), query("SELECT 2"));
  expect(all.map(shape)).toEqual(["prepare(parse)", "simple(query)"]);
  expect(() => units(statements, bind({}))).toThrow(NameError);
});

test("a name that is taken is refused with the target's own code", () => {
  const statements = new Statements();
  units(statements, parse("a", "SELECT 1"), sync);
  expect(() => units(statements, parse("a", "SELECT 2"))).toThrow(
    expect.objectContaining({ sqlstate: "42P05" }),
  );
  units(statements, close("statement", "a"));
  expect(units(statements, parse("a", "SELECT 2"), sync).map(shape)).toEqual([
    "prepare(parse)",
    "sync",
  ]);
});

test("a name that was not prepared through the protocol stands for nothing known", () => {
  const statements = new Statements();
  const [unit] = units(statements, bind({ statement: "by-sql" }), execute());
  expect(unit?.kind === "command" && unit.portal?.statement?.text).toBeNull();
});

test("abandoned messages leave no names behind", () => {
  const statements = new Statements();
  units(statements, parse("a", "SELECT 1"), bind({ statement: "a" }));
  statements.abandon();
  const [unit] = units(statements, bind({ statement: "a" }), execute());
  expect(unit?.kind === "command" && unit.portal?.statement?.text).toBeNull();
});

test("portals of a transaction that ended are gone, those of a later segment stay", () => {
  const statements = new Statements();
  units(statements, parse("a", "SELECT 1"), bind({ portal: "p", statement: "a" }), sync);
  units(statements, bind({ portal: "q", statement: "a" }));
  statements.transactionEnded(1);
  const [gone] = units(statements, execute("p")).slice(-1);
  expect(gone?.kind === "command" && gone.portal?.statement).toBeNull();
  const [kept] = units(statements, execute("q"));
  expect(kept?.kind === "command" && kept.portal?.statement?.text).toBe("SELECT 1");
});

test("more text than a session may keep prepared is refused", () => {
  const statements = new Statements();
  const text = `SELECT '${"x".repeat(9 * 1024 * 1024)}'`;
  const prepareMany = () => {
    for (let n = 0; n < 10; n++) units(statements, parse(`s${n}`, text), sync);
  };
  expect(prepareMany).toThrow(expect.objectContaining({ sqlstate: "53400" }));
});
