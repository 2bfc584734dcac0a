import type { SessionId } from "@sallyport/contracts";
import type { SessionParts } from "./archive-reader.ts";
import { broken, type Finding } from "./finding.ts";
import { gaps, runs } from "./session-summary.ts";

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
  return {
    session,
    principal: open?.principal ?? null,
    connection: open?.connection ?? null,
    protocol: open?.protocol ?? null,
    address: open?.address ?? null,
    opened: isoTime(open?.time),
    closed: isoTime(close?.time),
    commands: distinct((part) => part.commands),
    denied: distinct((part) => part.denied),
    held: distinct((part) => part.held.map(({ command }) => command)),
    bytes: close?.bytes ?? [...results.values()].reduce((sum, bytes) => sum + bytes, 0),
  };
}

/** Sessions that a worker counted and that are not there at all, or counted as one. Only a whole archive can tell. */
export function checkStarts(sessions: readonly SessionParts[]): Finding[] {
  const starts = new Map<
    string,
    { start: string; writer: string | null; numbers: Map<number, SessionId> }
  >();
  const findings: Finding[] = [];
  for (const { session, parts } of sessions) {
    for (const { part } of parts) {
      if (part.open === null) continue;
      const { start, number } = part.open;
      // What another worker says of a start that is not its own counts for nothing there.
      const { writer } = part;
      const key = `${writer ?? ""} ${start}`;
      const known = starts.get(key) ?? { start, writer, numbers: new Map<number, SessionId>() };
      starts.set(key, known);
      const other = known.numbers.get(number) ?? session;
      if (other !== session)
        findings.push(
          broken(
            "conflict",
            `worker \`${writer ?? "?"}\`, start ${start}: session ${number} is there twice`,
            {
              session,
            },
          ),
        );
      known.numbers.set(number, other);
    }
  }
  for (const { start, writer, numbers } of starts.values()) {
    for (const [first, last] of gaps(runs(numbers.keys()), 0))
      findings.push(
        broken(
          "session-missing",
          `worker \`${writer ?? "?"}\`, start ${start}: ` +
            (first === last
              ? `session ${first} is missing`
              : `sessions ${first} to ${last} are missing`),
        ),
      );
  }
  return findings;
}

/** ISO 8601 in UTC; null for what is not known, and for a number that is no time. */
export function isoTime(time: number | undefined): string | null {
  const date = new Date(time ?? Number.NaN);
  return Number.isNaN(date.getTime()) ? null : date.toISOString();
}
