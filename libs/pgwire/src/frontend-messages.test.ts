import { describe, expect, test } from "vitest";
import { formatOf, parseFrontend } from "./frontend-messages.ts";
import { parsePassword, parseSaslInitialResponse, parseSaslResponse } from "./authentication.ts";
import { MessageWriter } from "./message-writer.ts";
import { Frontend } from "./message-types.ts";
import { ProtocolError } from "./protocol-error.ts";
import * as toTarget from "./to-target.ts";

const frame = (type: number, body: string) =>
  new MessageWriter(type).bytes(Buffer.from(body, "latin1")).finish();

function refusal(read: () => unknown): ProtocolError {
  try {
    read();
  } catch (error) {
    if (error instanceof ProtocolError) return error;
    throw error;
  }
  throw new Error("not refused");
}

describe("malformed messages leave the connection usable, with PostgreSQL's SQLSTATE", () => {
  test.each([
    ["Query without its NUL", frame(Frontend.Query, "SELECT 1"), "08P01"],
    ["Query with something after it", frame(Frontend.Query, "SELECT 1\0;"), "08P01"],
    ["Query with two texts", frame(Frontend.Query, "SELECT 1\0DROP\0"), "08P01"],
    ["empty Query frame", frame(Frontend.Query, ""), "08P01"],
    ["Query in Latin-1", frame(Frontend.Query, "SELECT '\xe9'\0"), "22021"],
    ["Query with an overlong slash", frame(Frontend.Query, "SELECT '\xc0\xaf'\0"), "22021"],
    ["Query with a surrogate", frame(Frontend.Query, "SELECT '\xed\xa0\x80'\0"), "22021"],
    ["Parse with fewer types than it says", frame(Frontend.Parse, "\0\0\0\x02\0\0\0\x17"), "08P01"],
    ["Parse with 65,535 types", frame(Frontend.Parse, "\0\0\xff\xff"), "08P01"],
    ["Parse without types", frame(Frontend.Parse, "\0\0"), "08P01"],
    [
      "Bind with a value beyond the end",
      frame(Frontend.Bind, "\0\0\0\0\0\x01\0\0\0\x05abc\0\0"),
      "08P01",
    ],
    [
      "Bind with a length of -2",
      frame(Frontend.Bind, "\0\0\0\0\0\x01\xff\xff\xff\xfe\0\0"),
      "08P01",
    ],
    ["Bind with 65,535 parameters", frame(Frontend.Bind, "\0\0\0\0\xff\xff\0\0"), "08P01"],
    [
      "Bind with two formats and one parameter",
      frame(Frontend.Bind, "\0\0\0\x02\0\0\0\0\0\x01\xff\xff\xff\xff\0\0"),
      "08P01",
    ],
    ["Bind with format 2", frame(Frontend.Bind, "\0\0\0\x01\0\x02\0\0\0\0"), "22023"],
    ["Bind with result format -1", frame(Frontend.Bind, "\0\0\0\0\0\0\0\x01\xff\xff"), "22023"],
    ["Bind with a tail", frame(Frontend.Bind, "\0\0\0\0\0\0\0\0\0"), "08P01"],
    ["Describe of neither", frame(Frontend.Describe, "X\0"), "08P01"],
    ["Close of nothing", frame(Frontend.Close, ""), "08P01"],
    ["Execute without a row count", frame(Frontend.Execute, "\0\0\0\0"), "08P01"],
    ["Sync with a body", frame(Frontend.Sync, "x"), "08P01"],
    ["Flush with a body", frame(Frontend.Flush, "\0"), "08P01"],
    ["CopyDone with a body", frame(Frontend.CopyDone, "\0"), "08P01"],
    ["CopyFail without its NUL", frame(Frontend.CopyFail, "why"), "08P01"],
    ["FunctionCall cut off", frame(Frontend.FunctionCall, "\0\0\x05\x75\0\x01\0"), "08P01"],
  ])("%s", (_, bytes, sqlstate) => {
    expect(refusal(() => parseFrontend(bytes))).toMatchObject({ sqlstate, fatal: false });
  });

  test("a password message has no meaning after log-in", () => {
    expect(refusal(() => parseFrontend(frame(Frontend.Password, "x\0")))).toMatchObject({
      code: "message-type",
      fatal: true,
    });
  });

  test("no text repeats the peer's bytes", () => {
    const { message } = refusal(() => parseFrontend(frame(Frontend.Query, "secret\xff\0")));
    expect(message).not.toContain("secret");
  });
});

test("a run of frames is not read as one long one", () => {
  const run = Buffer.concat([
    toTarget.copyData(Buffer.from("a")),
    toTarget.copyData(Buffer.from("b")),
  ]);
  expect(refusal(() => parseFrontend(run)).code).toBe("message-format");
  expect(refusal(() => parseFrontend(Buffer.alloc(0))).code).toBe("message-format");
});

test("NULL is not the empty value", () => {
  const bytes = toTarget.bind({ parameters: [null, Buffer.alloc(0)] });
  expect(parseFrontend(bytes)).toMatchObject({ parameters: [null, Buffer.alloc(0)] });
});

test("65,535 parameters are taken, each a byte", () => {
  const parameters = Array.from({ length: 65_535 }, () => Buffer.from("7"));
  const message = parseFrontend(toTarget.bind({ parameters }));
  expect(message.kind === "bind" && message.parameters.length).toBe(65_535);
});

test("none is text, one is for all, else one each", () => {
  expect([formatOf([], 3), formatOf([1], 3), formatOf([0, 1], 1), formatOf([1, 0], 1)]).toEqual([
    0, 1, 1, 0,
  ]);
});

describe("log-in answers", () => {
  test("a password is text with nothing after it", () => {
    expect(parsePassword(toTarget.passwordMessage("tök.en"))).toBe("tök.en");
    expect(refusal(() => parsePassword(frame(Frontend.Password, "a\0b\0"))).sqlstate).toBe("08P01");
    expect(refusal(() => parsePassword(frame(Frontend.Password, "a"))).sqlstate).toBe("08P01");
  });

  test("SASL", () => {
    const initial = toTarget.saslInitialResponse("OAUTHBEARER", Buffer.from("n,,\x01"));
    expect(parseSaslInitialResponse(initial)).toEqual({
      mechanism: "OAUTHBEARER",
      data: Buffer.from("n,,\x01"),
    });
    expect(parseSaslResponse(toTarget.saslResponse(Buffer.from("x")))).toEqual(Buffer.from("x"));
  });
});
