import { headers, type Msg } from "@nats-io/transport-node";
import { describe, expect, test } from "vitest";
import { readPubAck } from "./pub-ack.ts";

const message = (text: string, more: Partial<Msg> = {}): Msg =>
  ({ data: Buffer.from(text), string: () => text, ...more }) as Msg;
const kindOf = (text: string, more?: Partial<Msg>): string =>
  readPubAck(message(text, more), "RECORD_0").kind;

describe("an acknowledgement", () => {
  test("is one that names the stream and a sequence, and nothing against it", () => {
    expect(readPubAck(message('{"stream":"RECORD_0","seq":7}'), "RECORD_0")).toEqual({
      kind: "stored",
      seq: 7,
    });
    expect(kindOf('{"stream":"RECORD_0","domain":"hub","seq":7}')).toBe("stored");
  });

  test.each([
    [""],
    ["null"],
    ["[]"],
    ["+OK"],
    ['"RECORD_0"'],
    ["{}"],
    ['{"stream":"RECORD_1","seq":7}'],
    ['{"stream":"record_0","seq":7}'],
    ['{"seq":7}'],
    ['{"stream":"RECORD_0"}'],
    ['{"stream":"RECORD_0","seq":0}'],
    ['{"stream":"RECORD_0","seq":-1}'],
    ['{"stream":"RECORD_0","seq":"7"}'],
    ['{"stream":"RECORD_0","seq":7.5}'],
    ['{"stream":"RECORD_0","seq":1e300}'],
    ['{"stream":"RECORD_0","seq":7,"duplicate":true}'],
    ['{"stream":"RECORD_0","seq":7,"duplicate":false}'],
    ['{"stream":"RECORD_0","seq":7,"batch":"x","count":1}'],
    ['{"stream":"RECORD_0","seq":7,"domain":7}'],
    ['{"type":"io.nats.jetstream.api.v1.stream_info_response","stream":"RECORD_0","seq":7}'],
  ])("is not %s", (text) => {
    expect(kindOf(text)).toBe("strange");
  });

  test("is not what has headers or wants a reply", () => {
    const good = '{"stream":"RECORD_0","seq":7}';
    const fields = headers();
    fields.set("Nats-Stream", "RECORD_0");
    expect(kindOf(good, { headers: fields })).toBe("strange");
    expect(kindOf(good, { headers: headers(503, "No Responders") })).toBe("strange");
    expect(kindOf(good, { reply: "x" })).toBe("strange");
  });

  test("of a refusal says whether the stream is full", () => {
    const refused = (code: number) =>
      readPubAck(
        message(
          `{"error":{"code":503,"err_code":${code},"description":"x"},"stream":"RECORD_0","seq":0}`,
        ),
        "RECORD_0",
      );
    expect(refused(10077)).toMatchObject({ kind: "refused", code: "record-full", error: 10077 });
    expect(refused(10071)).toMatchObject({ kind: "refused", code: "record-refused", error: 10071 });
    expect(kindOf('{"stream":"RECORD_0","seq":7,"error":null}')).toBe("refused");
    expect(kindOf("", { headers: headers(503, "No Responders") })).toBe("refused");
    // As a server says it of a stream that has no leader.
    const nobody = headers(503, "No Responders");
    nobody.set("Nats-Subject", "sp.rec.0.w1.command");
    expect(kindOf("", { headers: nobody })).toBe("refused");
    nobody.set("Nats-Stream", "RECORD_0");
    expect(kindOf("", { headers: nobody })).toBe("strange");
  });
});
