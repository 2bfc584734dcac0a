import { createHash } from "node:crypto";
import { eventHash } from "@sallyport/contracts";
import * as fc from "fast-check";
import { afterEach, expect, test } from "vitest";
import { ArchiveReader } from "./archive-reader.ts";
import { beginEntry, decodeEvents, eventParts } from "./entry.ts";
import { FrameWriter, joinStretches, readStretches } from "./frames.ts";
import { SampleArchive } from "./sample-archive.ts";
import { SampleSession } from "./sample-session.ts";
import { runs } from "./session-summary.ts";

let archive: SampleArchive | undefined;
afterEach(async () => {
  await archive?.remove();
  archive = undefined;
});

test("an event's line is kept byte for byte, whatever is in it", () => {
  fc.assert(
    fc.property(fc.string({ unit: "binary" }), fc.string(), (text, subject) => {
      // A writer may space and order its JSON as it likes; the hash is over its bytes.
      const line = Buffer.from(new SampleSession().command(text).line.replace('"n":', ' "n" :  '));
      const place = { seq: 7, subject: `${subject},"event":`, time: "2026-11-22T18:31:20Z" };
      const [entry] = decodeEvents(Buffer.concat(eventParts(beginEntry(place), 3, line)));
      expect(entry).toMatchObject({ kind: "event", ...place, line: 3, hash: eventHash(line) });
      expect(entry?.kind === "event" && entry.raw.equals(line)).toBe(true);
    }),
  );
}, 60_000);

test("pieces come back from the frames that their stretches name", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.uint8Array({ minLength: 1, maxLength: 300 }), { minLength: 1, maxLength: 40 }),
      fc.integer({ min: 1, max: 500 }),
      async (pieces, size) => {
        const writer = new FrameWriter(size, 1);
        const stretches = pieces.map((piece) => writer.add(Buffer.from(piece)));
        const { bytes, frames } = writer.finish();
        const { store } = (archive ??= await SampleArchive.create());
        const key = `frames/${createHash("sha256").update(bytes).digest("hex")}`;
        await store.putIfAbsent(key, bytes);
        const all = await readStretches(store, { key, frames }, joinStretches(stretches));
        expect(all).toEqual(Buffer.concat(pieces));
        for (const [index, stretch] of stretches.entries())
          expect(await readStretches(store, { key, frames }, [stretch])).toEqual(
            Buffer.from(pieces[index] ?? []),
          );
      },
    ),
    { numRuns: 20 },
  );
});

test("sessions that were recorded at once are read one by one, over several segments", async () => {
  archive = await SampleArchive.create();
  const samples = Array.from({ length: 12 }, () => new SampleSession());
  for (const sample of samples) archive.record("event", sample.open());
  const output = Buffer.from("x".repeat(30_000));
  for (let round = 0; round < 6; round++) {
    for (const sample of samples) {
      const command = sample.command(`select ${round}, '${"y".repeat(3000)}'`);
      const verdict = sample.verdict(command);
      // Stored the other way round, as it happens in a cluster.
      archive.record("verdict", verdict);
      archive.record("command", command.line);
      archive.output(sample.chunks(command, [output]));
      archive.record("event", sample.result(command, verdict, [output]));
    }
    if (round % 2 === 0) await archive.commit();
  }
  for (const sample of samples) archive.record("event", sample.close());
  await archive.commit();
  const reader = new ArchiveReader(archive.store);
  const all = await reader.sessions();
  expect(new Set(all.map(({ session }) => session))).toEqual(
    new Set(samples.map(({ session }) => session)),
  );
  for (const parts of all) {
    const record = await reader.read(parts);
    expect(record.events.map(({ event }) => event.n)).toEqual(
      Array.from({ length: 14 }, (_, index) => index + 1),
    );
    expect(record.commands).toHaveLength(6);
    for (const command of record.commands) expect(command.rows).toEqual([output]);
  }
  expect(reader.findings).toEqual([]);
});

test("numbers become runs", () => {
  expect(runs([3, 1, 2, 7, 9, 8])).toEqual([
    [1, 3],
    [7, 9],
  ]);
  expect(runs([])).toEqual([]);
});
