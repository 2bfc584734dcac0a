import { isUtf8 } from "node:buffer";
import {
  Command,
  CommandKind,
  Outcome,
  Principal,
  Result,
  Verdict,
  type CommandId,
  type SessionId,
} from "@sallyport/contracts";
import type { z } from "zod";
import type { EventGist } from "./event-gist.ts";
import { KnownValues } from "./known-values.ts";
import { LineCursor } from "./line-cursor.ts";

/** What was read of a line so far. */
interface Found {
  session: SessionId;
  command: CommandId;
  n: number;
  time: number;
  trace: string | undefined;
  decision: Verdict["decision"];
  revision: number;
  under: number | undefined;
  outcome: Result["outcome"];
  bytes: number;
}

type Read = (cursor: LineCursor, found: Found) => boolean;

interface Member {
  readonly key: Uint8Array;
  readonly bit: number;
  readonly read: Read;
}

const ascii = (text: string): Uint8Array => new Uint8Array(Buffer.from(text, "latin1"));
const [comma, brace, nothing, nil] = [0x2c, 0x7d, ascii("[]"), ascii("null")];
const [yes, no] = [ascii("true"), ascii("false")];
/** Longer texts travel in OUTPUT; a message ends before this does. */
const anyLength = Number.MAX_SAFE_INTEGER;

const count: Read = (cursor) => cursor.integer() >= 0;
const hash: Read = (cursor) => cursor.hash();
const hashOrNull: Read = (cursor) => cursor.hash() || cursor.literal(nil);
const flag: Read = (cursor) => cursor.literal(yes) || cursor.literal(no);
const empty: Read = (cursor) => cursor.literal(nothing);

function known(schema: z.ZodType): Read {
  const values = new KnownValues(schema);
  return (cursor) => cursor.known(values);
}

function oneOf<T extends string>(
  words: readonly T[],
  take: (found: Found, word: T) => void = () => undefined,
): Read {
  const choices = words.map((word) => ({ word, text: ascii(`"${word}"`) }));
  return (cursor, found) => {
    for (const { word, text } of choices)
      if (cursor.literal(text)) {
        take(found, word);
        return true;
      }
    return false;
  };
}

const session: Read = (cursor, found) => {
  if (!cursor.id()) return false;
  found.session = cursor.lastId() as SessionId;
  return true;
};
const command: Read = (cursor, found) => {
  if (!cursor.id()) return false;
  found.command = cursor.lastId() as CommandId;
  return true;
};
const n: Read = (cursor, found) => (found.n = cursor.integer()) >= 1;
const time: Read = (cursor, found) => (found.time = cursor.integer()) >= 0;
const trace: Read = (cursor, found) => {
  found.trace = cursor.trace();
  return found.trace !== undefined;
};

const [oid, format, formats, value] = [
  ascii('{"oid":'),
  ascii(',"format":'),
  [ascii("0"), ascii("1")] as const,
  ascii(',"value":'),
];
const parameters: Read = (cursor) => {
  if (cursor.literal(nothing)) return true;
  if (!cursor.byte(0x5b)) return false;
  do {
    const parameter =
      cursor.literal(oid) &&
      cursor.integer() >= 0 &&
      cursor.literal(format) &&
      (cursor.literal(formats[0]) || cursor.literal(formats[1])) &&
      cursor.literal(value) &&
      (cursor.string(anyLength) || cursor.literal(nil)) &&
      cursor.byte(brace);
    if (!parameter) return false;
  } while (cursor.byte(comma));
  return cursor.byte(0x5d);
};

const chained = { session, n, prev: hashOrNull, time, trace };

/** Members of each type in the order in which they are written; any order is read. */
const written = {
  command: {
    ...chained,
    command,
    kind: oneOf(CommandKind.options),
    connection: known(Command.shape.connection),
    principal: known(Principal),
    // In bytes with its quotes, so at most 128 characters.
    address: (cursor) => cursor.string(130),
    text: (cursor) => cursor.string(anyLength),
    parameters,
    operations: known(Command.shape.operations),
    mayWait: flag,
    deadline: count,
    revision: count,
  },
  result: {
    ...chained,
    command,
    outcome: oneOf(Outcome.options, (found, word) => {
      found.outcome = word;
    }),
    verdict: hashOrNull,
    rows: count,
    bytes: (cursor, found) => (found.bytes = cursor.integer()) >= 0,
    output: hashOrNull,
    parts: count,
    detected: known(Result.shape.detected.unwrap()),
    tags: known(Result.shape.tags),
    sent: (cursor) => cursor.literal(nil) || cursor.integer() >= 0,
    ended: count,
  },
  verdict: {
    session,
    command,
    hash,
    time,
    decision: oneOf(Verdict.shape.decision.options, (found, word) => {
      found.decision = word;
    }),
    final: flag,
    reasons: known(Verdict.shape.reasons),
    masks: known(Verdict.shape.masks),
    holds: empty,
    policies: known(Verdict.shape.policies),
    shadow: known(Verdict.shape.shadow),
    revision: (cursor, found) => (found.revision = cursor.integer()) >= 0,
    under: (cursor, found) => (found.under = cursor.integer()) >= 0,
    trace,
  },
} satisfies Record<string, Record<string, Read>>;
/** May be left out. What is optional and not here at all (`long`, `input`, `error`, `hold`) is read by the schema. */
const optional = ["trace", "detected", "under"];

type Type = keyof typeof written;

const kinds = (["command", "result", "verdict"] as const).map((type) => {
  const members = Object.entries<Read>(written[type]).map(([name, read], index): Member => ({
    key: ascii(`"${name}":`),
    bit: 1 << index,
    read,
  }));
  const required = Object.keys(written[type]).reduce(
    (sum, name, index) => (optional.includes(name) ? sum : sum | (1 << index)),
    0,
  );
  return { type, begin: ascii(`{"v":1,"type":"${type}"`), members, required };
});

const cursor = new LineCursor();

/**
 * Reads a line of the types that come with every command, when it is written as our services write: without white space,
 * version and type first. It accepts nothing that the schema does not, and knows of it what the schema would say; null
 * says nothing of the line but that the schema has to read it.
 */
export function readPlainEvent(line: Buffer): EventGist | null {
  cursor.begin(line, 0, line.length);
  for (const { type, begin, members, required } of kinds)
    if (cursor.literal(begin)) {
      const found = nothingFound();
      if (!readMembers(members, required, found)) return null;
      return cursor.ascii || isUtf8(line) ? gist(type, found) : null;
    }
  return null;
}

function readMembers(members: readonly Member[], required: number, found: Found): boolean {
  let there = 0;
  let next = 0;
  while (cursor.byte(comma)) {
    let member = members[next];
    for (let tried = 1; member === undefined || !cursor.literal(member.key); tried++) {
      if (tried > members.length) return false;
      next = (next + 1) % members.length;
      member = members[next];
    }
    if ((there & member.bit) !== 0 || !member.read(cursor, found)) return false;
    there |= member.bit;
    next = (next + 1) % members.length;
  }
  return (there & required) === required && cursor.byte(brace) && cursor.at === cursor.end;
}

const nothingFound = (): Found => ({
  session: "" as SessionId,
  command: "" as CommandId,
  n: 0,
  time: 0,
  trace: undefined,
  decision: "deny",
  revision: 0,
  under: undefined,
  outcome: "unknown",
  bytes: 0,
});

function gist(type: Type, found: Found): EventGist {
  const { trace: of, under: judged } = found;
  switch (type) {
    case "command":
      return {
        type,
        session: found.session,
        n: found.n,
        time: found.time,
        command: found.command,
        ...(of !== undefined && { trace: of }),
      };
    case "result":
      return {
        type,
        session: found.session,
        n: found.n,
        time: found.time,
        command: found.command,
        outcome: found.outcome,
        bytes: found.bytes,
      };
    case "verdict":
      return {
        type,
        session: found.session,
        time: found.time,
        command: found.command,
        decision: found.decision,
        holds: [],
        revision: found.revision,
        ...(judged !== undefined && { under: judged }),
      };
  }
}
