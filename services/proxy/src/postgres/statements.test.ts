import { expect, test } from "vitest";
import { parseFrontend, toTarget } from "@sallyport/pgwire";
import { ProtocolNames, type Prepared } from "./protocol-names.ts";
import { Statements, type Unit } from "./statements.ts";

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
    new Statements(new ProtocolNames()),
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
    const all = units(
      new Statements(new ProtocolNames()),
      parse("a", "SELECT 1"),
      describe("statement", "a"),
      end,
    );
    expect(all.map(shape)).toEqual(["prepare(parse describe)", end === sync ? "sync" : "flush"]);
  }
});

test("an Execute does not carry the Parse of another statement with it", () => {
  const all = units(
    new Statements(new ProtocolNames()),
    parse("a", "SELECT 1"),
    parse("b", "SELECT 2"),
    bind({ statement: "b" }),
    execute(),
    sync,
  );
  expect(all.map(shape)).toEqual(["prepare(parse)", "execute(parse bind execute)", "sync"]);
});

test("a portal that is bound twice is judged as it was bound last, and the first Bind too", () => {
  const statements = new Statements(new ProtocolNames());
  const all = units(
    statements,
    parse("a", "SELECT 1"),
    parse("b", "SELECT 2"),
    bind({ statement: "a" }),
    bind({ statement: "b" }),
    execute(),
  );
  const last = all.at(-1);
  expect(all.map(shape)).toEqual([
    "prepare(parse)",
    "prepare(parse)",
    "prepare(bind)",
    "execute(bind execute)",
  ]);
  expect(last?.kind === "command" && last.portal?.statement?.text).toBe("SELECT 2");
});

test("a simple query ends what was pending and drops the unnamed statement", () => {
  const statements = new Statements(new ProtocolNames());
  const all = units(statements, parse("", "SELECT 1"), query("SELECT 2"));
  expect(all.map(shape)).toEqual(["prepare(parse)", "simple(query)"]);
  expect(units(statements, bind({})).map(misnamed)).toEqual(["26000"]);
});

const misnamed = (unit: Unit): string => (unit.kind === "misnamed" ? unit.sqlstate : unit.kind);
const textOf = (unit: Unit | undefined): string | null | undefined =>
  unit?.kind === "command" ? unit.portal?.statement?.text : undefined;
const preparedBy = (unit: Unit | undefined): Prepared => {
  const found = unit?.kind === "command" ? unit.steps[0]?.prepared : undefined;
  if (!found) throw new Error("nothing was prepared");
  return found;
};

test("whether a name is free is the target's to say; until then a later segment waits", () => {
  const names = new ProtocolNames();
  const statements = new Statements(names);
  const [first] = units(statements, parse("a", "SELECT 1"), sync);
  names.made(preparedBy(first));
  const [second] = units(statements, parse("a", "SELECT 2"), sync);
  const use = parseFrontend(bind({ statement: "a" }));
  expect(statements.unsettled(use)).toBe(true);
  names.drop(preparedBy(second), true);
  expect(statements.unsettled(use)).toBe(false);
  const [unit] = units(statements, bind({ statement: "a" }), execute());
  expect(textOf(unit)).toBe("SELECT 1");
});

test("an unnamed statement that failed leaves none, one that was passed over the one before", () => {
  for (const failed of [true, false]) {
    const names = new ProtocolNames();
    const statements = new Statements(names);
    const [first] = units(statements, parse("", "SELECT 1"), sync);
    names.made(preparedBy(first));
    const [second] = units(statements, parse("", "SELECT 2"), sync);
    names.drop(preparedBy(second), failed);
    const [unit] = units(statements, bind({}), execute());
    expect(failed ? unit?.kind : textOf(unit)).toBe(failed ? "misnamed" : "SELECT 1");
  }
});

test("of several that wait for their answers, those that did not come about leave no trace", () => {
  const names = new ProtocolNames();
  const statements = new Statements(names);
  const made = [1, 2, 3].map((n) => units(statements, parse("a", `SELECT ${n}`), sync)[0]);
  const [one, two, three] = made.map(preparedBy);
  if (!one || !two || !three) throw new Error("three were prepared");
  names.made(one);
  names.drop(two, true);
  names.drop(three, true);
  expect(textOf(units(statements, bind({ statement: "a" }), execute())[0])).toBe("SELECT 1");
});

test("a name that nobody gave is refused; once SQL may have given names, it stands for nothing known", () => {
  const names = new ProtocolNames();
  const statements = new Statements(names);
  const use = [bind({ statement: "by-sql" }), execute()];
  expect(units(statements, ...use).map(misnamed)).toEqual(["26000", "34000"]);
  names.doubt();
  expect(textOf(units(statements, ...use)[0])).toBeNull();
});

test("a statement whose Close the target passed over may still be there", () => {
  const names = new ProtocolNames();
  const statements = new Statements(names);
  units(statements, parse("a", "SELECT 1"), sync, close("statement", "a"));
  names.notClosed();
  expect(textOf(units(statements, bind({ statement: "a" }), execute())[0])).toBeNull();
});

test("abandoned messages leave no names behind", () => {
  const statements = new Statements(new ProtocolNames());
  units(statements, parse("a", "SELECT 1"), bind({ statement: "a" }));
  statements.abandon();
  expect(units(statements, bind({ statement: "a" })).map(misnamed)).toEqual(["26000"]);
});

test("portals of a transaction that ended are gone, those of a later segment stay", () => {
  const names = new ProtocolNames();
  const statements = new Statements(names);
  units(statements, parse("a", "SELECT 1"), bind({ portal: "p", statement: "a" }), sync);
  units(statements, bind({ portal: "q", statement: "a" }));
  names.transactionEnded(1);
  expect(units(statements, execute("p")).map(misnamed).at(-1)).toBe("34000");
  expect(textOf(units(statements, execute("q"))[0])).toBe("SELECT 1");
});

test("more text than a session may keep prepared is refused, what was replaced counts no more", () => {
  const names = new ProtocolNames();
  const statements = new Statements(names);
  const text = `SELECT '${"x".repeat(9 * 1024 * 1024)}'`;
  const prepare = (name: string): string[] => {
    const [unit] = units(statements, parse(name, text), sync);
    if (unit?.kind === "command") names.made(preparedBy(unit));
    return [unit].map((one) => (one ? misnamed(one) : ""));
  };
  for (let n = 0; n < 10; n++) expect(prepare("")).toEqual(["command"]);
  const many = Array.from({ length: 10 }, (_, n) => prepare(`s${n}`));
  expect(many.flat()).toContain("53400");
});

test("so do names without number, parameters of portals, and texts that only a portal has left", () => {
  const refusedAt = (make: (n: number) => readonly Buffer[]): number => {
    const names = new ProtocolNames();
    const statements = new Statements(names);
    for (let n = 0; n < 100_000; n++)
      for (const unit of units(statements, ...make(n))) {
        if (misnamed(unit) === "53400") return n;
        if (unit.kind !== "command") continue;
        for (const one of unit.steps.flatMap(({ prepared }) => prepared ?? [])) names.made(one);
      }
    throw new Error("never refused");
  };
  expect(refusedAt((n) => [parse(`s${n}`, "SELECT 1"), sync])).toBeGreaterThan(30_000);
  const big = Buffer.alloc(1_000_000, "x");
  const portal = (n: number) => bind({ portal: `p${n}`, statement: "s", parameters: [big] });
  expect(refusedAt((n) => [parse("s", "SELECT $1"), portal(n), sync])).toBe(66);
  const text = `SELECT '${"x".repeat(1_000_000)}'`;
  const left = (n: number) => bind({ portal: `p${n}`, statement: `s${n}` });
  expect(
    refusedAt((n) => [parse(`s${n}`, text), left(n), close("statement", `s${n}`), sync]),
  ).toBeLessThan(70);
});

test("and types, long names, values without bytes, and what FETCH asks of a portal", () => {
  const names = new ProtocolNames();
  const statements = new Statements(names);
  const refusedAt = (make: (n: number) => readonly Buffer[]): number => {
    for (let n = 0; n < 40_000; n++)
      for (const unit of units(statements, ...make(n))) {
        if (misnamed(unit) === "53400") return n;
        if (unit.kind !== "command") continue;
        for (const one of unit.steps.flatMap(({ prepared }) => prepared ?? [])) names.made(one);
      }
    throw new Error("never refused");
  };
  const types = Array<number>(65_535).fill(23);
  const typed = refusedAt((n) => [parse(`t${n}`, "SELECT 1", types), sync]);
  expect(typed).toBeLessThan(200);
  for (let n = 0; n < typed; n++) names.close("statement", `t${n}`);
  const long = "n".repeat(500_000);
  const named = refusedAt((n) => [parse(`${n}${long}`, "SELECT 1"), sync]);
  expect(named).toBeLessThan(70);
  for (let n = 0; n < named; n++) names.close("statement", `${n}${long}`);
  const parameters = Array.from({ length: 65_535 }, () => Buffer.alloc(0));
  const portal = (n: number) => bind({ portal: `p${n}`, statement: "s", parameters });
  expect(refusedAt((n) => [parse("s", "SELECT 1"), portal(n), sync])).toBeLessThan(10);
});

test("what FETCH asks of portals is known as far as it can be held", () => {
  const names = new ProtocolNames();
  const statements = new Statements(names);
  const [prepared, ...bound] = units(
    statements,
    parse("s", "SELECT 1"),
    ...Array.from({ length: 1000 }, (_, n) => [
      bind({ portal: `p${n}`, statement: "s" }),
      execute(`p${n}`),
    ]).flat(),
  );
  expect(prepared?.kind).toBe("command");
  const output = { kind: "plain", name: "c", typeOid: 25, tableOid: 0, attnum: 0 } as const;
  const cursor = {
    operations: [],
    outputs: Array.from({ length: 1664 }, () => output),
    touches: [],
    names: new WeakRef({}),
    classification: new WeakRef({}),
  };
  const portals = [prepared, ...bound].flatMap((unit) =>
    unit?.kind === "command" && unit.portal ? [unit.portal] : [],
  );
  for (const portal of portals) names.keep(portal, cursor);
  const known = portals.filter((portal) => portal.cursor !== undefined).length;
  expect(known).toBeGreaterThan(100);
  expect(known).toBeLessThan(600);
  expect(portals).toHaveLength(1000);
});

test("what belongs to one command has a bound: the rest is the next, as after a Flush", () => {
  const statements = new Statements(new ProtocolNames());
  const described = Array.from({ length: 200 }, () => describe("statement", "a"));
  const closed = Array.from({ length: 200 }, () => close("statement", "x"));
  const all = units(statements, parse("a", "SELECT 1"), ...described, ...closed, sync);
  const steps = all.map((one) => (one.kind === "command" ? one.steps.length : 1));
  expect(Math.max(...steps)).toBeLessThan(100);
  expect(steps.reduce((sum, count) => sum + count)).toBe(402);
});

test("names of a megabyte do not wait for others like them", () => {
  const statements = new Statements(new ProtocolNames());
  const name = "n".repeat(1_000_000);
  const all = [
    ...units(statements, parse(name, "SELECT 1"), describe("statement", name)),
    ...units(statements, describe("statement", name), close("statement", name)),
    ...units(statements, close("portal", name), close("portal", "p"), sync),
  ];
  expect(all.map(shape)).toEqual([
    "prepare(parse describe)",
    "prepare(describe close)",
    "close",
    "close",
    "sync",
  ]);
});

test("after code that was not traced, a name holds once the target has told that it is the protocol's", () => {
  const names = new ProtocolNames();
  const statements = new Statements(names);
  const made = ["a", "b"].map((name) => {
    const prepared = preparedBy(units(statements, parse(name, "SELECT 1"), sync)[0]);
    if (prepared) names.made(prepared);
    return prepared;
  });
  names.renaming({}, [{ kind: "doubt" }], true);
  expect(made.map((one) => one?.unverified)).toEqual([true, true]);
  names.verified(new Set(["a"]));
  expect(made.map((one) => one?.gone)).toEqual([false, true]);
  expect(textOf(units(statements, bind({ statement: "a" }), execute())[0])).toBe("SELECT 1");
  expect(textOf(units(statements, bind({ statement: "b" }), execute())[0])).toBeNull();
});

test("DEALLOCATE takes what the target had when it ran, not what was prepared behind it", () => {
  const names = new ProtocolNames();
  const statements = new Statements(names);
  const first = preparedBy(units(statements, parse("a", "SELECT 1"), sync)[0]);
  if (first) names.made(first);
  const deallocate = [{ kind: "deallocate", name: null }] as const;
  const command = {};
  names.renaming(command, deallocate, true);
  expect(first && names.isChanging("statement", first)).toBe(true);
  const second = preparedBy(units(statements, parse("a", "SELECT 2"), sync)[0]);
  expect(second && names.isChanging("statement", second)).toBe(false);
  names.renamed(command, deallocate);
  expect(first?.gone).toBe(true);
  if (second) names.made(second);
  expect(textOf(units(statements, bind({ statement: "a" }), execute())[0])).toBe("SELECT 2");
});
