import * as fc from "fast-check";
import { serialize } from "pg-protocol";
import { describe, expect, test } from "vitest";
import { parseFrontend } from "./frontend-messages.ts";
import { errorResponse, parseMessageFields } from "./message-fields.ts";
import * as toTarget from "./to-target.ts";

describe("pg-protocol writes the same", () => {
  const text = fc
    .string({ unit: "grapheme", maxLength: 40 })
    .map((value) => value.replaceAll("\0", ""));
  const value = fc.oneof(
    fc.constant(null),
    fc.uint8Array({ maxLength: 30 }).map((bytes) => Buffer.from(bytes)),
  );

  test("Parse, Bind, Execute, Describe, Close, Query, CopyFail", () => {
    fc.assert(
      fc.property(
        text,
        text,
        fc.array(fc.nat(0x7fff_ffff), { maxLength: 9 }),
        fc.array(value, { maxLength: 9 }),
        fc.boolean(),
        fc.nat(0x7fff_ffff),
        (name, body, oids, values, binary, rows) => {
          expect(toTarget.query(body)).toEqual(serialize.query(body));
          expect(toTarget.parse(name, body, oids)).toEqual(
            serialize.parse({ name, text: body, types: oids }),
          );
          expect(
            toTarget.bind({
              portal: name,
              statement: body,
              // It sends one code a parameter, Buffers as binary.
              formats: values.map((parameter) => (parameter === null ? 0 : 1)),
              parameters: values,
              resultFormats: [binary ? 1 : 0],
            }),
          ).toEqual(serialize.bind({ portal: name, statement: body, values, binary }));
          expect(toTarget.execute(name, rows)).toEqual(serialize.execute({ portal: name, rows }));
          expect(toTarget.describe("portal", name)).toEqual(
            serialize.describe({ type: "P", name }),
          );
          expect(toTarget.close("statement", name)).toEqual(serialize.close({ type: "S", name }));
          expect(toTarget.copyFail(body)).toEqual(serialize.copyFail(body));
          expect(toTarget.passwordMessage(body)).toEqual(serialize.password(body));
        },
      ),
    );
  });

  test("what has no body, and what has no type", () => {
    expect(toTarget.sync).toEqual(serialize.sync());
    expect(toTarget.flush).toEqual(serialize.flush());
    expect(toTarget.terminate).toEqual(serialize.end());
    expect(toTarget.copyDone).toEqual(serialize.copyDone());
    expect(toTarget.sslRequest).toEqual(serialize.requestSsl());
    expect(toTarget.cancelRequest(4711, Buffer.from([0, 0, 1, 2]))).toEqual(
      serialize.cancel(4711, 258),
    );
    expect(
      toTarget.startupMessage([
        ["user", "a"],
        ["database", "b"],
        ["client_encoding", "UTF8"],
      ]),
    ).toEqual(serialize.startup({ user: "a", database: "b" }));
    expect(toTarget.saslInitialResponse("SCRAM-SHA-256", Buffer.from("n,,n=*,r=x"))).toEqual(
      serialize.sendSASLInitialResponseMessage("SCRAM-SHA-256", "n,,n=*,r=x"),
    );
    expect(toTarget.saslResponse(Buffer.from("c=biws"))).toEqual(
      serialize.sendSCRAMClientFinalMessage("c=biws"),
    );
  });

  test("we read every Bind that it writes", () => {
    fc.assert(
      fc.property(text, text, fc.array(value, { maxLength: 9 }), (portal, statement, values) => {
        expect(parseFrontend(serialize.bind({ portal, statement, values }))).toMatchObject({
          kind: "bind",
          portal,
          statement,
          parameters: values,
        });
      }),
    );
  });
});

test("a NUL in a text never makes a second message", () => {
  expect(() => toTarget.query("SELECT 1\0X\0\0\0\x04")).toThrow(RangeError);
  expect(() => toTarget.parse("a\0b", "SELECT 1")).toThrow(RangeError);
  expect(() => toTarget.startupMessage([["user", "a\0database\0b"]])).toThrow(RangeError);
  const error = errorResponse({ severity: "ERROR", sqlstate: "42501", message: "no `a\0b`" });
  expect(parseMessageFields(error)).toEqual({
    severityLocalized: "ERROR",
    severity: "ERROR",
    sqlstate: "42501",
    message: "no `a\uFFFDb`",
  });
});
