import { expect, test } from "vitest";
import { FrameReader, ProtocolError, toTarget } from "@sallyport/pgwire";
import { ClientUnits } from "./client-units.ts";
import { ProtocolNames } from "./protocol-names.ts";
import { Statements, type Unit } from "./statements.ts";

const { parse, bind, describe, execute, close, sync, flush, query, terminate } = toTarget;

function client(...frames: Buffer[]) {
  const reader = new FrameReader({ from: "frontend", maxBuffered: 1024 * 1024 });
  const names = new ProtocolNames();
  const skipped: Unit[] = [];
  const units = new ClientUnits(reader, new Statements(names), (unit) => skipped.push(unit));
  reader.push(Buffer.concat(frames));
  return { reader, names, skipped, units };
}

const kinds = (all: readonly Unit[]): string[] => all.map(({ kind }) => kind);

function allAhead(units: ClientUnits): string[] {
  while (units.readAhead());
  return kinds(units.waiting);
}

const insert = [parse("", "INSERT"), bind({}), describe("portal", ""), execute()];

test("commands of the extended protocol are read ahead, across Syncs, too", () => {
  const { units } = client(...insert, ...insert, flush, sync, ...insert, sync);
  expect(units.read()?.kind).toBe("command");
  expect(allAhead(units)).toEqual(["command", "flush", "sync", "command", "sync"]);
  expect(kinds([1, 2, 3, 4, 5].flatMap(() => units.shift() ?? []))).toEqual([
    "command",
    "flush",
    "sync",
    "command",
    "sync",
  ]);
  expect(units.read()).toBeUndefined();
});

test.each([
  ["a query", query("SELECT 1"), "command"],
  ["a Close", close("statement", "s"), "close"],
  ["the end", terminate, "terminate"],
  ["a name that is not there", bind({ statement: "none" }), "misnamed"],
])("what is before it must be over before %s is read", (_, frame, kind) => {
  const { units } = client(...insert, frame, ...insert, sync);
  expect(units.read()?.kind).toBe("command");
  expect(allAhead(units)).toEqual([]);
  expect(units.read()?.kind).toBe(kind);
});

test("a name that another segment gives is not read before the target has said that it holds", () => {
  const { units } = client(parse("s", "INSERT"), sync, bind({ statement: "s" }), execute(), sync);
  const prepare = units.read();
  expect(allAhead(units)).toEqual(["sync"]);
  expect(units.stalled).toBe(true);
  const prepared = prepare?.kind === "command" ? prepare.steps[0]?.prepared : undefined;
  expect(prepared).toBeDefined();
  if (prepared) prepared.made = true;
  expect(allAhead(units)).toEqual(["sync", "command", "sync"]);
});

test("a portal that was opened before the last Sync is read in its turn", () => {
  const { units } = client(...insert, sync, execute(), sync);
  units.read();
  expect(allAhead(units)).toEqual(["sync"]);
});

test("what is passed over up to a Sync that was read is told in its order, and what is behind it stays", () => {
  const { units, skipped, names } = client(
    ...insert,
    parse("kept", "INSERT"),
    bind({ statement: "kept" }),
    execute(),
    flush,
    sync,
    ...insert,
    parse("half", "INSERT"),
  );
  units.read();
  expect(allAhead(units)).toEqual(["command", "flush", "sync", "command"]);
  units.skipToSync();
  expect(kinds(skipped)).toEqual(["command", "flush"]);
  expect(kinds(units.waiting)).toEqual(["sync", "command"]);
  expect(names.isPrepared("kept")).toBe(false);
  expect(names.isPrepared("half")).toBe(true);
  expect([units.shift()?.kind, units.shift()?.kind]).toEqual(["sync", "command"]);
});

test("without a Sync among them, all that comes is passed over, and what was half read", () => {
  const { units, skipped, names, reader } = client(...insert, ...insert, parse("half", "INSERT"));
  units.read();
  expect(allAhead(units)).toEqual(["command"]);
  units.skipToSync();
  expect(kinds(skipped)).toEqual(["command"]);
  expect(names.isPrepared("half")).toBe(false);
  expect(units.readAhead()).toBe(false);
  reader.push(Buffer.concat([...insert, sync, ...insert]));
  expect(units.readAhead()).toBe(false);
  expect([units.read()?.kind, units.read()?.kind]).toEqual(["sync", "command"]);
});

const unreadable = Buffer.from([0x44, 0, 0, 0, 6, 0x3f, 0]);

test("a message that cannot be read is told of in its turn, and not at all when it is passed over", () => {
  const first = client(...insert, ...insert, unreadable, sync);
  first.units.read();
  expect(allAhead(first.units)).toEqual(["command"]);
  expect(first.units.shift()?.kind).toBe("command");
  expect(() => first.units.read()).toThrow(ProtocolError);
  expect(first.units.read()?.kind).toBe("sync");

  const second = client(...insert, ...insert, unreadable, sync);
  second.units.read();
  expect(allAhead(second.units)).toEqual(["command"]);
  second.units.skipToSync();
  expect(second.units.read()?.kind).toBe("sync");
});

test("bytes that are no message end the reading, whatever is passed over", () => {
  const { units } = client(...insert, ...insert, Buffer.from([1, 0, 0, 0, 4]));
  units.read();
  expect(allAhead(units)).toEqual(["command"]);
  units.skipToSync();
  expect(() => units.read()).toThrow(ProtocolError);
});
