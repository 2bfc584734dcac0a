import { toTarget, type Format } from "@sallyport/pgwire";
import { sayAgain } from "../../../libs/pgwire/src/say-again.fixture.ts";
import type { Seeded } from "../../chaos/seeded.ts";
import { copyIn, copyOut } from "./session-copies.ts";
import {
  asked,
  portalNames,
  statement,
  statementNames,
  transaction,
  type Asked,
  type Taken,
} from "./session-texts.ts";

const { parse, bind, describe, execute, close, sync, query, flush } = toTarget;

/** Messages that leave in one packet; then `answers` of the segment are waited for, or an error, if they end in Flush. */
export interface Piece {
  readonly frames: readonly Buffer[];
  readonly answers: number;
}

/** What begins when nothing is owed, and ends so: with a ReadyForQuery, or with the answers of `mark`. */
export interface Segment {
  readonly pieces: readonly Piece[];
  readonly marked: boolean;
}

/** Answered alike in every state. Where it depends on errors how much is answered, it tells that all was. */
export const mark: readonly Buffer[] = [sync, sync, sync, query(""), sync, sync, query("")];

/** Its answers, by the letters of their types. */
export const markAnswered = "ZZZIZZZIZ";

/** What a client remembers, whether or not its messages were of use. */
interface Memory {
  readonly statements: Map<string, Asked>;
  readonly portals: Map<string, Asked>;
}

/** A session of a client that keeps to the protocol, for as many segments. */
export function sessionScript(seeded: Seeded, segments: number): Segment[] {
  const memory: Memory = { statements: new Map(), portals: new Map() };
  return Array.from({ length: segments }, () => {
    const chance = seeded.next();
    if (chance < 0.25) return answered(query(simpleText(seeded)));
    if (chance < 0.31) return answered(query(transaction(seeded)));
    // So that a transaction that has failed is not all that there is.
    if (chance < 0.4) return answered(query(seeded.of(["ROLLBACK", "COMMIT"])));
    if (chance < 0.45) return answered(functionCall(seeded));
    if (chance < 0.52) return answered(...copyQuery(seeded));
    if (chance < 0.9) return pipeline(seeded, memory);
    return mixed(seeded, memory);
  });
}

const answered = (...frames: Buffer[]): Segment => ({
  pieces: [{ frames, answers: 0 }],
  marked: false,
});

function simpleText(seeded: Seeded): string {
  const count = seeded.of([1, 1, 1, 2, 3, 4]);
  return Array.from({ length: count }, () => statement(seeded)).join(seeded.of([";", "; ", ";\n"]));
}

/** A query string with one or two COPY in it, and the data that they ask for. */
function copyQuery(seeded: Seeded): Buffer[] {
  const count = seeded.of([1, 1, 1, 2]);
  const copies = Array.from({ length: count }, () =>
    seeded.next() < 0.5 ? { text: copyOut(seeded), data: [] } : copyIn(seeded),
  );
  const texts = copies.map(({ text }) => text);
  if (seeded.next() < 0.2) texts.splice(seeded.of([0, texts.length]), 0, statement(seeded));
  return [query(texts.join("; ")), ...copies.flatMap(({ data }) => data)];
}

/** Messages of the extended protocol up to a Sync, some of them waited for after a Flush. */
function pipeline(seeded: Seeded, memory: Memory): Segment {
  const pieces: Piece[] = [];
  let frames: Buffer[] = [];
  let answers = 0;
  for (let count = seeded.of([1, 1, 2, 2, 3, 5, 8]); count > 0; count--) {
    const step = extendedStep(seeded, memory);
    frames.push(...step.frames);
    answers += step.answers;
    if (seeded.next() > 0.2) continue;
    frames.push(flush);
    if (seeded.next() < 0.3) continue;
    pieces.push({ frames, answers });
    frames = [];
  }
  if (seeded.next() < 0.08) {
    const { text, data } = copyIn(seeded);
    frames.push(...copyStatement(text), ...data);
  }
  pieces.push({ frames: [...frames, sync], answers: 0 });
  return { pieces, marked: false };
}

/** Queries, Syncs and COPY in the middle of what is not synced. */
function mixed(seeded: Seeded, memory: Memory): Segment {
  const frames: Buffer[] = [];
  for (let count = seeded.of([2, 3, 5, 8]); count > 0; count--) {
    const chance = seeded.next();
    if (chance < 0.45) frames.push(...extendedStep(seeded, memory).frames);
    else if (chance < 0.6) frames.push(sync);
    else if (chance < 0.72) frames.push(query(simpleText(seeded)));
    else if (chance < 0.78) frames.push(functionCall(seeded));
    else if (chance < 0.84) frames.push(...copyQuery(seeded));
    else if (chance < 0.9) {
      const { text, data } = copyIn(seeded);
      // As libpq does: the Sync is ignored if COPY began.
      frames.push(...copyStatement(text), sync, ...data, sync);
    } else if (chance < 0.95) frames.push(flush);
    else frames.push(...copyIn(seeded).data);
  }
  frames.push(sync, ...mark);
  return { pieces: [{ frames, answers: 0 }], marked: true };
}

/** Under a name of its own, so that nothing else begins a COPY. */
const copyStatement = (text: string): Buffer[] => [
  close("statement", "copy"),
  close("portal", "copy"),
  parse("copy", text),
  bind({ portal: "copy", statement: "copy" }),
  execute("copy"),
];

/** One or several messages that belong together, and how many answers they bring when all goes well. */
function extendedStep(seeded: Seeded, memory: Memory): { frames: Buffer[]; answers: number } {
  const chance = seeded.next();
  const name = seeded.of(statementNames);
  const portal = seeded.of(portalNames);
  if (chance < 0.55) {
    // What drivers do.
    const what = newStatement(seeded);
    memory.statements.set(name, what);
    memory.portals.set(portal, what);
    const described = seeded.next();
    const frames = [
      parse(name, what.text, typesOf(what, seeded)),
      ...(described < 0.25 ? [describe("statement", name)] : []),
      bound(seeded, portal, name, what),
      ...(described > 0.5 ? [describe("portal", portal)] : []),
      execute(portal, seeded.of([0, 0, 0, 1, 2, 5])),
    ];
    return { frames, answers: frames.length };
  }
  if (chance < 0.7) {
    const what = memory.statements.get(name) ?? seeded.of(asked);
    memory.portals.set(portal, what);
    const frames = [bound(seeded, portal, name, what), execute(portal, seeded.of([0, 0, 1, 3]))];
    return { frames, answers: 2 };
  }
  if (chance < 0.8) return single(execute(portal, seeded.of([0, 1, 2, 7])));
  if (chance < 0.87)
    return single(seeded.next() < 0.5 ? describe("statement", name) : describe("portal", portal));
  if (chance < 0.94)
    return single(seeded.next() < 0.5 ? close("statement", name) : close("portal", portal));
  const what = newStatement(seeded);
  memory.statements.set(name, what);
  return single(parse(name, what.text, typesOf(what, seeded)));
}

const single = (frame: Buffer) => ({ frames: [frame], answers: 1 });

function newStatement(seeded: Seeded): Asked {
  const chance = seeded.next();
  if (chance < 0.6) return seeded.of(asked);
  return { text: chance < 0.95 ? statement(seeded) : copyOut(seeded), takes: [] };
}

const oids: Record<Taken, number> = {
  int: 23,
  text: 25,
  any: 25,
  bool: 16,
  float8: 701,
  int8: 20,
  bytea: 17,
};

const typesOf = ({ takes }: Asked, seeded: Seeded): number[] => {
  const chance = seeded.next();
  if (chance < 0.5) return [];
  return takes.map((taken) => (chance < 0.8 ? oids[taken] : 0));
};

function bound(seeded: Seeded, portal: string, name: string, what: Asked): Buffer {
  const format = seeded.of([0, 0, 0, 1] as const);
  const parameters = what.takes.map((taken) => value(seeded, taken, format));
  if (seeded.next() < 0.02) parameters.push(Buffer.from("1"));
  const formats: Format[] =
    format === 0 ? seeded.of([[], [0], parameters.map(() => 0 as const)]) : [1];
  return bind({
    portal,
    statement: name,
    formats,
    parameters,
    resultFormats: seeded.of<readonly Format[]>([[], [], [0], [1], [0, 1]]),
  });
}

function value(seeded: Seeded, taken: Taken, format: Format): Buffer | null {
  if (seeded.next() < 0.08) return null;
  const number = Math.floor(seeded.between(-2, 14));
  if (format === 0) {
    if (seeded.next() < 0.02) return Buffer.from("not that");
    switch (taken) {
      case "bool":
        return Buffer.from(number > 5 ? "t" : "f");
      case "bytea":
        return Buffer.from("\\x00ff41");
      case "text":
      case "any":
        return Buffer.from(seeded.of(["", "a", "thing 3", "äöü € 🙂", "x".repeat(3000), "'; --"]));
      case "int":
      case "float8":
      case "int8":
        return Buffer.from(String(number));
    }
  }
  const bytes = Buffer.alloc(8);
  switch (taken) {
    case "int":
      bytes.writeInt32BE(number);
      return bytes.subarray(0, 4);
    case "int8":
      bytes.writeBigInt64BE(BigInt(number));
      return bytes;
    case "float8":
      bytes.writeDoubleBE(number / 4);
      return bytes;
    case "bool":
      return Buffer.from([number > 5 ? 1 : 0]);
    case "bytea":
      return bytes.subarray(0, 3);
    case "text":
    case "any":
      return Buffer.from("thing 4");
  }
}

/** PostgreSQL's own int4pl, int4div, upper, textcat, pg_notify, one that is none, and too few arguments. */
function functionCall(seeded: Seeded): Buffer {
  const int = () => Buffer.from(String(Math.floor(seeded.between(0, 4))));
  const text = () => Buffer.from(seeded.of(["a", "ä€", "x".repeat(5000)]));
  const [oid, parameters] = seeded.of<readonly [number, (Buffer | null)[]]>([
    [177, [int(), int()]],
    [154, [int(), int()]],
    [871, [text()]],
    [1258, [text(), text()]],
    [1258, [text(), null]],
    [3036, [Buffer.from("bell"), text()]],
    [177, [int()]],
    [4_000_000, []],
  ]);
  const resultFormat = seeded.of([0, 1] as const);
  return sayAgain({ kind: "function-call", function: oid, formats: [], parameters, resultFormat });
}
