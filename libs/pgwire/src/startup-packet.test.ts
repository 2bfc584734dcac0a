import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { ProtocolError } from "./protocol-error.ts";
import { isDirectTls, StartupReader } from "./startup-packet.ts";
import { MessageWriter } from "./message-writer.ts";
import * as toTarget from "./to-target.ts";

const read = (...chunks: Buffer[]) => {
  const reader = new StartupReader();
  for (const chunk of chunks) reader.push(chunk);
  return reader.next();
};
const gssencRequest = Buffer.from("0000000804d21630", "hex");

test("SSLRequest, GSSENCRequest", () => {
  expect(read(toTarget.sslRequest)).toEqual({ kind: "ssl-request" });
  expect(read(gssencRequest)).toEqual({ kind: "gssenc-request" });
});

test("refused encryption is followed by the startup packet, in the same reader", () => {
  const reader = new StartupReader();
  reader.push(gssencRequest);
  expect(reader.next()?.kind).toBe("gssenc-request");
  reader.push(toTarget.startupMessage([["user", "a"]], 2));
  expect(reader.next()).toMatchObject({ kind: "startup", major: 3, minor: 2 });
  expect(reader.next()).toBeUndefined();
});

test("cancel keys of 3.0 and of 3.2", () => {
  for (const length of [4, 32, 256])
    expect(read(toTarget.cancelRequest(-7, Buffer.alloc(length, 9)))).toEqual({
      kind: "cancel-request",
      pid: -7,
      key: Buffer.alloc(length, 9),
    });
});

test("protocol options are named apart from parameters", () => {
  const packet = read(
    toTarget.startupMessage([
      ["user", "a"],
      ["_pq_.later", "1"],
      ["user", "b"],
    ]),
  );
  expect(packet).toMatchObject({
    parameters: new Map([["user", "b"]]),
    protocolOptions: ["_pq_.later"],
  });
});

test("a TLS handshake is told by its first byte", () => {
  expect(isDirectTls(Buffer.from([0x16, 3, 1]))).toBe(true);
  expect(isDirectTls(toTarget.sslRequest)).toBe(false);
});

describe("refused, always fatal", () => {
  const raw = (body: string) =>
    new MessageWriter(undefined)
      .int32(3 << 16)
      .bytes(Buffer.from(body, "latin1"))
      .finish();
  test.each([
    ["an HTTP request", Buffer.from("GET / HTTP/1.1\r\n")],
    ["a length of 7", Buffer.from([0, 0, 0, 7])],
    ["a length of 10,001", Buffer.from([0, 0, 0x27, 0x11])],
    ["a negative length", Buffer.from([0xff, 0, 0, 0])],
    ["protocol 2.0", new MessageWriter(undefined).int32(2 << 16).finish()],
    ["a parameter without a value", raw("user\0")],
    ["no terminator", raw("user\0a\0")],
    ["something after the terminator", raw("user\0a\0\0x")],
    ["a name in Latin-1", raw("user\0\xe9\0\0")],
    ["a cancel key of 3 bytes", toTarget.cancelRequest(1, Buffer.alloc(3))],
    ["a cancel key of 257 bytes", toTarget.cancelRequest(1, Buffer.alloc(257))],
    ["data after SSLRequest (CVE-2021-23222)", Buffer.concat([toTarget.sslRequest, toTarget.sync])],
    ["SSLRequest with a body", Buffer.from("0000000904d2162f00", "hex")],
  ])("%s", (_, bytes) => {
    expect(() => read(bytes)).toThrow(
      expect.objectContaining({ name: "ProtocolError", code: "startup-packet", fatal: true }),
    );
  });
});

test("any bytes give a packet, nothing yet, or a ProtocolError", () => {
  const bytes = fc.oneof(
    fc.uint8Array({ maxLength: 60 }),
    fc.uint8Array({ maxLength: 60 }).map((body) => {
      const writer = new MessageWriter(undefined).int32((body.length % 2 ? 3 : 1234) << 16);
      return writer.bytes(body).finish();
    }),
  );
  fc.assert(
    fc.property(bytes, (packet) => {
      let thrown: unknown;
      try {
        read(Buffer.from(packet));
      } catch (error) {
        thrown = error;
      }
      expect(thrown === undefined || thrown instanceof ProtocolError).toBe(true);
    }),
    { numRuns: 2_000 },
  );
});
