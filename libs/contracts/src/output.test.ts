import { randomBytes } from "node:crypto";
import { describe, expect, test } from "vitest";
import {
  decodeOutput,
  encodeOutput,
  newCommandId,
  newSessionId,
  OutputHeader,
  packOutput,
  unpackOutput,
  type OutputChunk,
} from "./index.ts";

describe.each([1000, 10_000])("a packed chunk of %d rows", (rows) => {
  const body = Buffer.from("row after row ".repeat(rows));
  const chunk: OutputChunk = {
    header: {
      v: 1,
      type: "output",
      session: newSessionId(),
      command: newCommandId(),
      kind: "rows",
      part: 1,
      bytes: body.length,
    },
    body,
  };

  test("gives what was packed, also after it has travelled", async () => {
    const packed = await packOutput(chunk);
    expect(packed.header).toEqual({
      ...chunk.header,
      bytes: packed.body.length,
      unpacked: body.length,
    });
    expect(packed.body.length).toBeLessThan(body.length / 10);
    const [read] = decodeOutput(encodeOutput([packed, chunk])) ?? [];
    expect(Buffer.from((read && unpackOutput(read)) ?? "")).toEqual(body);
    expect(unpackOutput(chunk)).toBe(body);
  });

  test("stays as it is when packing makes it no smaller", async () => {
    const noise = { ...chunk, body: randomBytes(body.length) };
    expect(await packOutput(noise)).toBe(noise);
  });

  test("that holds more, less or something else than it says is none", async () => {
    const packed = await packOutput(chunk);
    const but = (unpacked: number, bytes = packed.body): OutputChunk => ({
      header: { ...packed.header, unpacked },
      body: bytes,
    });
    expect(unpackOutput(but(body.length - 1))).toBeNull();
    expect(unpackOutput(but(body.length + 1))).toBeNull();
    expect(unpackOutput(but(body.length, packed.body.subarray(1)))).toBeNull();
    expect(unpackOutput(but(body.length, packed.body.subarray(0, -1)))).toBeNull();
    // 4 MiB are the most that a message of the bus could hold.
    expect(OutputHeader.safeParse({ ...packed.header, unpacked: 5 * 1024 * 1024 }).success).toBe(
      false,
    );
  });
});
