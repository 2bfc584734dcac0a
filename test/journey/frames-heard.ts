import { Backend, eachFrame, Frontend, FrameReader } from "@sallyport/pgwire";
import { waitFor } from "@sallyport/testkit";
import { expect } from "vitest";
import type { RawClient } from "./raw-client.ts";

/**
 * Errors that the gateway may say in the server's place, of which it says all but file, line and routine of the server's
 * source; or that the server says to a Describe which the gateway sends before an Execute, with that one's routine.
 */
const sourceless: ReadonlySet<string> = new Set([
  "08P01", // a Bind whose values are not as many as its statement takes
  "25001", // what may not stand in a transaction
  "25P01", // what stands only in one
  "22021", // a text that is not UTF-8
  "25P02", // a portal in a transaction that has failed
  "26000", // no such prepared statement
  "34000", // no such portal
  "3F000", // no such schema
  "42601", // a text that cannot be parsed
  "42703", // no such column
  "42704", // no such object of another kind
  "42883", // no such function
  "42P01", // no such table
  "42P10", // no such output column
  "XX000", // of an own statement, which met what the server says of itself
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
        const ends = all.filter((frame) => frame[0] === Backend.ReadyForQuery).length;
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

/** Both say the same bytes to a script (see `sourceless`). Gives what was said, one message a line. */
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
  expect(said).toEqual(expected.map(legible));
  return said;
}

/**
 * All bytes of a message but what need not be the same, so that two that differ look different: `sourceless`, and the
 * name of a session's temporary schema.
 */
export const legible = (frame: Buffer): string => {
  const body = withoutSource(frame).subarray(1).toString("latin1");
  return `${String.fromCharCode(frame[0] ?? 0)} ${JSON.stringify(body.replaceAll(/pg_temp_\d+/g, "pg_temp"))}`;
};

function withoutSource(frame: Buffer): Buffer {
  if (frame[0] !== Backend.ErrorResponse) return frame;
  const fields = frame.subarray(5).toString("latin1").split("\0").filter(Boolean);
  if (!fields.some((field) => field.startsWith("C") && sourceless.has(field.slice(1))))
    return frame;
  const body = fields
    .filter((field) => !/^[FLR]/.test(field))
    .map((field) => `${field}\0`)
    .join("");
  const bytes = Buffer.concat([frame.subarray(0, 5), Buffer.from(`${body}\0`, "latin1")]);
  bytes.writeInt32BE(bytes.length - 1, 1);
  return bytes;
}
