import { decodeOutput, encodeOutput } from "@sallyport/contracts";
import * as fc from "fast-check";
import { expect, test } from "vitest";
import { SampleSession } from "./sample-session.ts";
import { readChunks } from "./stored-chunk.ts";

const sample = new SampleSession();
const { id } = sample.command("select 1");

/** What is read agrees with the schema's reading, and keeps every byte. */
function agrees(message: Buffer): void {
  const expected = decodeOutput(message);
  const read = readChunks(message);
  expect(read?.map(({ session, body }) => ({ session, body: [...body] })) ?? null).toEqual(
    expected?.map(({ header, body }) => ({ session: header.session, body: [...body] })) ?? null,
  );
  const kept = (read ?? []).flatMap(({ header, body }) => [header, Buffer.from("\n"), body]);
  expect(read === null || Buffer.concat(kept).equals(message)).toBe(true);
}

test("chunks are read as their schema reads them, changed or not", () => {
  const put = fc.oneof(
    fc.constantFrom('"', "0", "\n", "}", " ", '"part":2,', "{}").map((text) => Buffer.from(text)),
    fc.uint8Array({ maxLength: 3 }),
  );
  fc.assert(
    fc.property(
      fc.array(fc.uint8Array({ maxLength: 40 }), { minLength: 1, maxLength: 3 }),
      fc.nat(),
      fc.nat({ max: 6 }),
      put,
      (bodies, place, length, bytes) => {
        const message = Buffer.from(encodeOutput(sample.chunks({ id }, bodies)));
        agrees(message);
        expect(readChunks(message)).toHaveLength(bodies.length);
        const at = place % message.length;
        agrees(Buffer.concat([message.subarray(0, at), bytes, message.subarray(at + length)]));
      },
    ),
    { numRuns: 1000 },
  );
}, 60_000);

test("a header of another order or with white space is read by its schema", () => {
  const [chunk] = sample.chunks({ id }, [Buffer.from("ab")]);
  const members = Object.entries(chunk?.header ?? {}).toReversed();
  const header = JSON.stringify(Object.fromEntries(members), null, 1).replaceAll("\n", " ");
  agrees(Buffer.from(`${header}\nab`));
  expect(readChunks(Buffer.from(`${header}\nab`))).toHaveLength(1);
});
