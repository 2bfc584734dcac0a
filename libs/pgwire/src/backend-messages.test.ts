import { describe, expect, test } from "vitest";
import { parseBackend } from "./backend-messages.ts";
import { parseDataRow } from "./data-row.ts";
import { errorResponse, noticeResponse } from "./message-fields.ts";
import { MessageWriter } from "./message-writer.ts";
import { Backend } from "./message-types.ts";
import { ProtocolError } from "./protocol-error.ts";
import * as toClient from "./to-client.ts";

const frame = (type: number, body: string) =>
  new MessageWriter(type).bytes(Buffer.from(body, "latin1")).finish();

test("Authentication: each that we know, and those that we do not", () => {
  const kind = "authentication";
  const read = (body: string) => parseBackend(frame(Backend.Authentication, body));
  expect(read("\0\0\0\0")).toEqual({ kind, method: "ok" });
  expect(read("\0\0\0\x03")).toEqual({ kind, method: "cleartext-password" });
  expect(read("\0\0\0\x05salt")).toEqual({
    kind,
    method: "md5-password",
    salt: Buffer.from("salt"),
  });
  expect(read("\0\0\0\x0aSCRAM-SHA-256-PLUS\0SCRAM-SHA-256\0\0")).toEqual({
    kind,
    method: "sasl",
    mechanisms: ["SCRAM-SHA-256-PLUS", "SCRAM-SHA-256"],
  });
  expect(read("\0\0\0\x0br=x")).toEqual({
    kind,
    method: "sasl-continue",
    data: Buffer.from("r=x"),
  });
  expect(read("\0\0\0\x0cv=x")).toEqual({ kind, method: "sasl-final", data: Buffer.from("v=x") });
  expect(read("\0\0\0\x08ticket")).toEqual({ kind, method: "unsupported", code: 8 });
});

test("what we offer is what we read", () => {
  expect(parseBackend(toClient.authenticationSasl(["OAUTHBEARER"]))).toMatchObject({
    mechanisms: ["OAUTHBEARER"],
  });
  expect(parseBackend(toClient.authenticationSaslContinue(Buffer.from("x")))).toMatchObject({
    data: Buffer.from("x"),
  });
  expect(parseBackend(toClient.authenticationSaslFinal(Buffer.from("y")))).toMatchObject({
    method: "sasl-final",
  });
  expect(parseBackend(toClient.authenticationCleartextPassword)).toMatchObject({
    method: "cleartext-password",
  });
});

test("errors and notices keep their fields; unknown ones are dropped", () => {
  const said = {
    severity: "ERROR",
    sqlstate: "42501",
    message: "refused",
    detail: "policy `x`",
    hint: "ask",
    position: "8",
    where: "line 1",
  } as const;
  const fields = { severityLocalized: "ERROR", ...said };
  expect(parseBackend(errorResponse(said))).toEqual({ kind: "error", fields });
  expect(parseBackend(noticeResponse(said))).toEqual({ kind: "notice", fields });
  expect(parseBackend(frame(Backend.ErrorResponse, "Mx\0zfuture\0\0"))).toEqual({
    kind: "error",
    fields: { message: "x" },
  });
});

test("an error in another encoding is still read", () => {
  expect(parseBackend(frame(Backend.ErrorResponse, "M\xe9chec\0\0"))).toEqual({
    kind: "error",
    fields: { message: "\uFFFDchec" },
  });
});

describe("malformed", () => {
  test.each([
    ["ReadyForQuery without a status", frame(Backend.ReadyForQuery, "")],
    ["ReadyForQuery with an unknown status", frame(Backend.ReadyForQuery, "X")],
    ["ReadyForQuery with a tail", frame(Backend.ReadyForQuery, "II")],
    ["RowDescription with 65,535 fields", frame(Backend.RowDescription, "\xff\xff")],
    ["RowDescription cut off", toCut()],
    ["BackendKeyData with 3 bytes of key", frame(Backend.BackendKeyData, "\0\0\0\x01abc")],
    [
      "BackendKeyData with 257 bytes of key",
      frame(Backend.BackendKeyData, `\0\0\0\x01${"k".repeat(257)}`),
    ],
    ["ErrorResponse without its end", frame(Backend.ErrorResponse, "Mx\0")],
    ["ErrorResponse with a tail", frame(Backend.ErrorResponse, "Mx\0\0\0")],
    ["CommandComplete without its NUL", frame(Backend.CommandComplete, "SELECT 1")],
    ["ParseComplete with a body", frame(Backend.ParseComplete, "\0")],
    ["CopyOutResponse of format 7", frame(Backend.CopyOutResponse, "\x07\0\0")],
    ["MD5 with a salt of 3 bytes", frame(Backend.Authentication, "\0\0\0\x05abc")],
    [
      "NegotiateProtocolVersion with 4 billion options",
      frame(Backend.NegotiateProtocolVersion, "\0\x03\0\0\xff\xff\xff\xff"),
    ],
    ["FunctionCallResponse beyond its end", frame(Backend.FunctionCallResponse, "\0\0\0\x09x")],
    ["a client's message", frame(0x51, "SELECT 1\0")],
  ])("%s", (_, bytes) => {
    expect(() => parseBackend(bytes)).toThrow(ProtocolError);
  });

  test.each([
    ["a column beyond its end", "\0\x01\0\0\0\x09x"],
    ["65,535 columns", "\xff\xff"],
    ["a length of -2", "\0\x01\xff\xff\xff\xfe"],
    ["a tail", "\0\x01\0\0\0\x01xy"],
  ])("DataRow: %s", (_, body) => {
    expect(() => parseDataRow(frame(Backend.DataRow, body))).toThrow(ProtocolError);
  });
});

function toCut(): Buffer {
  return frame(Backend.RowDescription, "\0\x01name\0\0\0\0\0\0\0\0\0\0\x17\0\x04\xff\xff\xff\xff");
}
