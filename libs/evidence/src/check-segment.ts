import { isDeepStrictEqual } from "node:util";
import { parseRecordSubject, type SessionId } from "@sallyport/contracts";
import { objectLimit } from "./archive-store.ts";
import { decodeChunks, decodeEvents } from "./entry.ts";
import { broken, type About, type Finding } from "./finding.ts";
import { unpack, type Frame } from "./frames.ts";
import type { Manifest, StreamPart } from "./manifest.ts";
import { readIndex, type SegmentIndex } from "./session-index.ts";
import { SessionSummary } from "./session-summary.ts";

/** Whether a segment's objects hold each message that its manifest counts, and what its index says. */
export function checkSegment(manifest: Manifest, bodies: ReadonlyMap<string, Buffer>): Finding[] {
  const findings: Finding[] = [];
  const indexBytes = bodies.get("index");
  const named = (kind: string): About => {
    const object = manifest.objects.find((one) => one.kind === kind)?.key;
    return object === undefined ? {} : { object };
  };
  try {
    const index = indexBytes === undefined ? null : readIndex(indexBytes, `manifest ${manifest.n}`);
    const events = decodeEvents(whole(bodies.get("events"), index?.events?.frames));
    const chunks = decodeChunks(whole(bodies.get("output"), index?.output?.frames));
    const seqs = { record: new Set<number>(), output: new Set<number>() };
    const summaries = new Map<SessionId, SessionSummary>();
    for (const entry of events) {
      seqs[entry.kind === "anomaly" ? entry.stream : "record"].add(entry.seq);
      if (entry.kind === "anomaly") {
        findings.push(
          broken(
            "anomaly",
            `${entry.stream} seq ${entry.seq} on \`${entry.subject}\`: ${entry.code}, ${entry.detail}`,
            named("events"),
          ),
        );
        continue;
      }
      const summary = summaries.get(entry.event.session) ?? new SessionSummary();
      summaries.set(entry.event.session, summary);
      summary.add(parseRecordSubject(entry.subject)?.writer ?? "", entry.event);
    }
    for (const { seq } of chunks) seqs.output.add(seq);
    findings.push(
      ...checkCovered(manifest.n, "record", manifest.record, seqs.record, named("events")),
      ...checkCovered(manifest.n, "output", manifest.output, seqs.output, named("output")),
    );
    if (!indexFits(index, summaries))
      findings.push(
        broken(
          "index-differs",
          `manifest ${manifest.n}: the index is not that of its events`,
          named("index"),
        ),
      );
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    findings.push(broken("object-changed", `manifest ${manifest.n}: ${why}`, named("index")));
  }
  return findings;
}

function whole(bytes: Buffer | undefined, frames: readonly Frame[] | undefined): Buffer {
  if (bytes === undefined || frames === undefined) return Buffer.alloc(0);
  if (frames.reduce((sum, [, , unpacked]) => sum + unpacked, 0) > objectLimit)
    throw new Error("its frames are said to hold more than a segment does");
  return Buffer.concat(
    frames.map(([offset, packed, unpacked]) =>
      unpack(bytes.subarray(offset, offset + packed), unpacked, "a segment"),
    ),
  );
}

function checkCovered(
  n: number,
  name: string,
  part: StreamPart,
  seqs: ReadonlySet<number>,
  about: About,
): Finding[] {
  const fail = (why: string): Finding[] => [
    broken("segment-incomplete", `manifest ${n}, ${name}: ${why}`, about),
  ];
  if (seqs.size !== part.messages) return fail(`${seqs.size} messages instead of ${part.messages}`);
  if (part.first === null || part.last === null) return [];
  const lost = part.holes.reduce((sum, [a, b]) => sum + b - a + 1, 0);
  const before = part.holes.filter(([, b]) => b < (part.first ?? 0));
  const lostBefore = before.reduce((sum, [a, b]) => sum + b - a + 1, 0);
  if (seqs.size !== part.last - part.first + 1 - (lost - lostBefore))
    return fail(`${seqs.size} messages from seq ${part.first} to ${part.last}`);
  for (const seq of seqs) {
    if (seq < part.first || seq > part.last) return fail(`seq ${seq} is not of this segment`);
    if (part.holes.some(([a, b]) => seq >= a && seq <= b))
      return fail(`seq ${seq} is there and named as lost`);
  }
  return [];
}

function indexFits(
  index: SegmentIndex | null,
  summaries: ReadonlyMap<SessionId, SessionSummary>,
): boolean {
  const sessions = index?.sessions ?? [];
  for (const [session, summary] of summaries) {
    const part = sessions.find((one) => one.session === session);
    if (part === undefined) return false;
    const { events: _events, output: _output, ...rest } = part;
    if (!isDeepStrictEqual(rest, summary.part(session))) return false;
  }
  return sessions.every(({ session, output }) => summaries.has(session) || output.length > 0);
}
