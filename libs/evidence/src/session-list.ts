import type { SessionId } from "@sallyport/contracts";
import type { SessionParts } from "./archive-reader.ts";
import { broken, type Finding } from "./finding.ts";
import { runs } from "./session-summary.ts";

/** One line of `sessions list`. Times are ISO 8601 in UTC; what is not known is null. */
export interface SessionLine {
  readonly session: SessionId;
  readonly principal: string | null;
  readonly connection: string | null;
  readonly protocol: string | null;
  readonly address: string | null;
  readonly opened: string | null;
  readonly closed: string | null;
  /** The opening counts as one. */
  readonly commands: number;
  readonly denied: number;
  readonly held: number;
  readonly bytes: number;
}

export function sessionLine({ session, parts }: SessionParts): SessionLine {
  const all = parts.map(({ part }) => part);
  const open = all.find((part) => part.open !== null)?.open ?? null;
  const close = all.find((part) => part.close !== null)?.close ?? null;
  const distinct = (of: (part: (typeof all)[number]) => readonly unknown[]): number =>
    new Set(all.flatMap(of)).size;
  // An event that was stored twice is in two parts.
  const results = new Map(all.flatMap((part) => part.results));
  const iso = (time: number | undefined): string | null =>
    time === undefined ? null : new Date(time).toISOString();
  return {
    session,
    principal: open?.principal ?? null,
    connection: open?.connection ?? null,
    protocol: open?.protocol ?? null,
    address: open?.address ?? null,
    opened: iso(open?.time),
    closed: iso(close?.time),
    commands: distinct((part) => part.commands),
    denied: distinct((part) => part.denied),
    held: distinct((part) => part.held.map(({ command }) => command)),
    bytes: close?.bytes ?? [...results.values()].reduce((sum, bytes) => sum + bytes, 0),
  };
}

/** Sessions that a worker counted and that are not there at all. Only a whole archive can tell. */
export function checkStarts(sessions: readonly SessionParts[]): Finding[] {
  const starts = new Map<string, { writer: string | null; numbers: Set<number> }>();
  for (const { parts } of sessions) {
    for (const { part } of parts) {
      if (part.open === null) continue;
      const { start, number } = part.open;
      const known = starts.get(start) ?? { writer: part.writer, numbers: new Set<number>() };
      starts.set(start, known);
      known.numbers.add(number);
    }
  }
  const findings: Finding[] = [];
  for (const [start, { writer, numbers }] of starts) {
    let next = 1;
    for (const [first, last] of runs(numbers)) {
      if (first > next)
        findings.push(
          broken(
            "session-missing",
            `worker \`${writer ?? "?"}\`, start ${start}: ` +
              (first - next === 1
                ? `session ${next} is missing`
                : `sessions ${next} to ${first - 1} are missing`),
          ),
        );
      next = last + 1;
    }
  }
  return findings;
}
