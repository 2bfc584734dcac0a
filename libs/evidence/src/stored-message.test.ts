import { newCommandId, newSessionId } from "@sallyport/contracts";
import * as fc from "fast-check";
import { expect, test } from "vitest";
import { SampleSession } from "./sample-session.ts";
import { readOutputMessage, readRecordMessage, type StoredMessage } from "./stored-message.ts";

const message = (
  subject: string,
  data: string | Buffer,
  headers: string | null = null,
): StoredMessage => ({
  seq: 1,
  subject,
  time: "2026-11-22T18:31:20.000000001Z",
  headers: headers === null ? null : Buffer.from(headers),
  data: Buffer.from(data),
});

const sample = new SampleSession();
const open = sample.open();
const command = sample.command("select 1");
const verdict = sample.verdict(command);

const read = (subject: string, data: string | Buffer, headers: string | null = null) => {
  const found = readRecordMessage(0, message(subject, data, headers));
  if (found.kind === "anomaly") return found.anomaly.code;
  if (found.kind === "output") return "output";
  return [...found.events.map(({ event }) => event.type), ...found.bad.map(({ code }) => code)];
};

test("a message full of lines that are no events is kept whole, and little of it is read", () => {
  const filler = "\n".repeat(4 * 1024 ** 2);
  const data = `${open}\n${filler}${command.line}\n`;
  const found = readRecordMessage(0, message("sp.rec.0.w1.event", data));
  if (found.kind !== "events") throw new Error(found.kind);
  expect(found.events.map(({ event }) => event.type)).toEqual(["open"]);
  expect(found.bad).toHaveLength(17);
  const rest = found.bad.at(-1);
  expect(rest).toMatchObject({ line: 17, code: "unreadable" });
  expect(rest?.raw.toString()).toBe(`${filler.slice(16)}${command.line}\n`);
});

test("each subject carries its types and no other", () => {
  expect(read("sp.rec.0.w1.command", `${open}\n${command.line}\n`)).toEqual(["open", "command"]);
  expect(read("sp.rec.0.w1.event", `${open}\n${command.line}\n`)).toEqual(["open", "command"]);
  expect(read("sp.rec.0.w1.verdict", `${verdict}\n`)).toEqual(["verdict"]);
  expect(read("sp.rec.0.w1.event", `${verdict}\n`)).toEqual(["wrong-type"]);
  expect(read("sp.rec.0.w1.approval", `${verdict}\n`)).toEqual(["wrong-type"]);
  expect(read("sp.rec.0.w1.verdict", `${open}\n`)).toEqual(["wrong-type"]);
  expect(read("sp.rec.0.w1.command", `${open}\n`)).toBe("wrong-type");
});

test("another partition, an unknown kind and any header are anomalies", () => {
  expect(read("sp.rec.1.w1.event", `${open}\n`)).toBe("wrong-subject");
  expect(read("sp.rec.0.w1.nonsense", `${open}\n`)).toBe("wrong-subject");
  expect(read("sp.rec.0.w1.verdict", `${verdict}\n`, "NATS/1.0\r\nNats-Stream: X\r\n\r\n")).toBe(
    "header",
  );
  expect(read("sp.rec.0.w1.verdict", `${verdict}\n`, "NATS/1.0 204\r\n\r\n")).toBe("header");
});

test("a line that is not strictly an event is unreadable, the lines beside it are not", () => {
  const unreadable = [
    "",
    "not json",
    "null",
    `${open} x`,
    open.replace('"v":1', '"v":2'),
    open.replace('"n":1', '"n":0'),
    open.replace('{"v":1', '{"extra":1,"v":1'),
  ];
  for (const line of unreadable)
    expect(read("sp.rec.0.w1.event", `${line}\n${open}\n`)).toEqual(["open", "unreadable"]);
  expect(read("sp.rec.0.w1.event", `${open}\n${open}`)).toEqual(["open", "unreadable"]);
  expect(read("sp.rec.0.w1.event", "")).toEqual(["unreadable"]);
  const invalid = Buffer.concat([Buffer.from(open), Buffer.from([0xff]), Buffer.from("\n")]);
  expect(read("sp.rec.0.w1.event", invalid)).toEqual(["unreadable"]);
});

test("output is a run of chunks on this partition's subject", () => {
  const header = {
    v: 1,
    type: "output",
    session: newSessionId(),
    command: newCommandId(),
    kind: "rows",
    part: 1,
    bytes: 2,
  };
  const good = `${JSON.stringify(header)}\nab`;
  const output = (subject: string, data: string) => {
    const found = readOutputMessage(0, message(subject, data));
    return found.kind === "anomaly" ? found.anomaly.code : found.kind;
  };
  expect(output("sp.out.0.w1", good)).toBe("output");
  expect(output("sp.out.1.w1", good)).toBe("wrong-subject");
  expect(output("sp.out.0.w1", good.slice(0, -1))).toBe("unreadable");
  expect(output("sp.out.0.w1", "")).toBe("unreadable");
});

test("no bytes make the reading throw", () => {
  const bytes = fc.uint8Array({ maxLength: 400 });
  const nested = fc
    .constantFrom("[", '{"a":')
    .map((begin) => Buffer.from(`${begin.repeat(20_000)}\n`));
  fc.assert(
    fc.property(
      fc.oneof(bytes, nested),
      fc.option(bytes),
      fc.string(),
      (data, headers, subject) => {
        for (const name of [subject, "sp.rec.0.w1.event", "sp.out.0.w1"]) {
          const stored: StoredMessage = {
            ...message(name, Buffer.from(data)),
            headers: headers === null ? null : Buffer.from(headers),
          };
          expect(readRecordMessage(0, stored).kind).toMatch(/anomaly|events/);
          expect(readOutputMessage(0, stored).kind).toMatch(/anomaly|output/);
        }
      },
    ),
  );
});
