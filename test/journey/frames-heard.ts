import { eachFrame, Frontend, FrameReader } from "@sallyport/pgwire";
import { waitFor } from "@sallyport/testkit";
import { expect } from "vitest";
import type { RawClient } from "./raw-client.ts";

/** What the gateway says in a server's place before anything is sent: it does not name files of the server's source. */
const saidForServer: ReadonlySet<string> = new Set([
  "22021", // a text that is not UTF-8
  "26000", // no such prepared statement
  "34000", // no such portal
  "42601", // a text that cannot be parsed
]);

/** Every message that a raw client hears from now on, as the bytes that came. */
export class FramesHeard {
  readonly frames: Buffer[] = [];
  readonly #raw: RawClient;
  #taken = 0;

  constructor(raw: RawClient) {
    this.#raw = raw;
    const reader = new FrameReader({ from: "backend", maxBuffered: 64 * 1024 * 1024 });
    raw.socket.on("data", (chunk: Buffer) => {
      reader.push(chunk);
      for (let item = reader.next(); item; item = reader.next()) {
        if (item.kind === "part") throw new Error("a message that is too large for a test");
        for (const frame of eachFrame(item.bytes)) this.frames.push(Buffer.from(frame));
      }
    });
  }

  /** Waits for so many ReadyForQuery, or the end of the connection; gives what came since the last call. */
  async ready(count: number): Promise<Buffer[]> {
    const since = () => this.frames.slice(this.#taken);
    const found = await waitFor(
      () => {
        const all = since();
        const ends = all.filter((frame) => frame[0] === 0x5a).length;
        return ends >= count || this.#raw.ended ? all : undefined;
      },
      { what: "the answers", timeout: 60_000 },
    ).catch((cause: unknown) => {
      throw new Error(`so far only:\n${since().map(legible).join("\n")}`, { cause });
    });
    this.#taken += found.length;
    return found;
  }
}

/** How many ReadyForQuery a script brings that has no COPY and no error before a Query. */
function endsOf(script: readonly Buffer[]): number {
  const ends: readonly number[] = [Frontend.Sync, Frontend.Query, Frontend.FunctionCall];
  return [...eachFrame(Buffer.concat(script))].filter(([type]) => ends.includes(type ?? 0)).length;
}

/**
 * Both say the same bytes to a script, but for what the gateway says in the server's place (`saidForServer`), which
 * has the same SQLSTATE, text and position. Gives what was said, one message a line.
 */
export async function expectSameBytes(
  direct: RawClient,
  through: RawClient,
  script: readonly Buffer[],
  ends = endsOf(script),
): Promise<string[]> {
  const heard = [new FramesHeard(direct), new FramesHeard(through)] as const;
  direct.send(...script);
  through.send(...script);
  const [expected, got] = await Promise.all([heard[0].ready(ends), heard[1].ready(ends)]);
  const said = got.map(legible);
  expect(said).toEqual(
    expected.map((frame, at) => legible(asGatewaySays(frame, got[at] ?? frame))),
  );
  return said;
}

/** What the gateway may say for an error of the server; any other message as it is. */
export function asGatewaySays(expected: Buffer, got: Buffer): Buffer {
  if (expected[0] !== 0x45 || got[0] !== 0x45) return expected;
  const fields = fieldsOf(got);
  const sqlstate = fields.find((field) => field.startsWith("C"))?.slice(1) ?? "";
  if (!saidForServer.has(sqlstate) || fields.some((field) => sourceField.test(field)))
    return expected;
  const body = fieldsOf(expected)
    .filter((field) => !sourceField.test(field))
    .map((field) => `${field}\0`)
    .join("");
  const bytes = Buffer.concat([expected.subarray(0, 5), Buffer.from(`${body}\0`, "latin1")]);
  bytes.writeInt32BE(bytes.length - 1, 1);
  return bytes;
}

/** File, line and routine. */
const sourceField = /^[FLR]/;

const fieldsOf = (frame: Buffer): string[] =>
  frame.subarray(5).toString("latin1").split("\0").filter(Boolean);

/** All bytes of a message so that two that differ look different. */
export const legible = (frame: Buffer): string =>
  `${String.fromCharCode(frame[0] ?? 0)} ${JSON.stringify(frame.subarray(1).toString("latin1"))}`;
