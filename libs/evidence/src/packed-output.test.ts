import { packOutput, type OutputChunk } from "@sallyport/contracts";
import { expect, test } from "vitest";
import { checkSession } from "./check-session.ts";
import { beginEntry, decodeEvents, eventParts, type OutputEntry } from "./entry.ts";
import { SampleSession } from "./sample-session.ts";
import { assembleSession } from "./session-record.ts";

test("output that lies packed is checked as what it holds", async () => {
  const sample = new SampleSession();
  const open = sample.open();
  const command = sample.command("select 1");
  const verdict = sample.verdict(command);
  const rows = Buffer.from("row after row ".repeat(1000));
  const lines = [
    ["event", open],
    ["event", command.line],
    ["verdict", verdict],
    ["event", sample.result(command, verdict, [rows])],
    ["event", sample.close()],
  ] as const;
  const events = lines.flatMap(([kind, line], index) =>
    decodeEvents(
      Buffer.concat(
        eventParts(
          beginEntry({
            seq: index + 1,
            subject: `sp.rec.0.w1.${kind}`,
            time: "2026-11-22T18:31:20Z",
          }),
          0,
          Buffer.from(line),
        ),
      ),
    ).filter((entry) => entry.kind === "event"),
  );
  const check = (...output: readonly OutputEntry[]) =>
    checkSession(assembleSession(sample.session, events, output)).map(({ code }) => code);
  const entry = (chunk: OutputChunk): OutputEntry => ({
    kind: "output",
    seq: 1,
    subject: "sp.out.0.w1",
    time: "",
    chunk,
  });
  const [plain] = sample.chunks(command, [rows]);
  const [other] = sample.chunks(command, [Buffer.from("row after ROW ".repeat(1000))]);
  if (plain === undefined || other === undefined) throw new Error("two chunks");
  const packed = await packOutput(plain);
  const lies = await packOutput(other);
  expect(packed.body.length).toBeLessThan(1000);
  expect(check(entry(packed))).toEqual([]);
  // Two workers' runtimes may pack the same bytes differently.
  expect(check(entry(packed), entry(plain))).toEqual([]);
  expect(check(entry(lies))).toEqual(["output-changed"]);
  expect(check(entry(packed), entry(lies))).toEqual(["conflict"]);
  const cut = { header: packed.header, body: packed.body.subarray(0, -3) };
  expect(check(entry(cut))).toEqual(["output-changed", "output-missing"]);
});
