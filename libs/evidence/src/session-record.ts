import type {
  Approval,
  CommandId,
  Command,
  Open,
  OutputHeader,
  RecordEvent,
  Refused,
  Result,
  SessionId,
  Verdict,
  WriterEvent,
} from "@sallyport/contracts";
import { parseRecordSubject, unpackOutput } from "@sallyport/contracts";
import type { EventEntry, OutputEntry } from "./entry.ts";
import { broken, type Finding } from "./finding.ts";

/** An event of one type with where it lay. */
export type Entry<E extends RecordEvent> = EventEntry & { readonly event: E };

/** A command with all that joins it. */
export interface CommandRecord {
  readonly id: CommandId;
  readonly asked: Entry<Command | Refused>;
  readonly verdicts: readonly Entry<Verdict>[];
  readonly approvals: readonly Entry<Approval>[];
  /** Absent: what happened is unknown. */
  readonly result?: Entry<Result>;
  /** Bodies by part, from 1; a part that is missing ends them. */
  readonly rows: readonly Buffer[];
  readonly text: readonly Buffer[];
  readonly copy: readonly Buffer[];
}

/** One session out of the archive. What was stored twice is here once. */
export interface SessionRecord {
  readonly session: SessionId;
  readonly writer: string | null;
  readonly open?: Entry<Open>;
  /** The writer's events by number. */
  readonly events: readonly Entry<WriterEvent>[];
  readonly commands: readonly CommandRecord[];
  /** What did not fit together: two events under one number, events of a worker that does not own the session. */
  readonly findings: readonly Finding[];
}

/** Puts a session together from its entries, in the order in which the archive has them. */
export function assembleSession(
  session: SessionId,
  entries: readonly EventEntry[],
  output: readonly OutputEntry[],
): SessionRecord {
  const findings: Finding[] = [];
  const written = entries.filter(isWritten);
  const opening = written.find((entry) => entry.event.type === "open") ?? written[0];
  const writer = opening === undefined ? null : writerOf(opening);
  const byNumber = new Map<number, Entry<WriterEvent>>();
  const joined = new Map<string, Entry<Verdict | Approval>>();
  for (const entry of entries) {
    if (writer !== null && writerOf(entry) !== writer) {
      findings.push(
        broken(
          "foreign-writer",
          `seq ${entry.seq}: \`${entry.event.type}\` came on \`${entry.subject}\``,
          {
            session,
          },
        ),
      );
      continue;
    }
    if (!isWritten(entry)) {
      if (isJoined(entry) && !joined.has(entry.hash)) joined.set(entry.hash, entry);
      continue;
    }
    const { n } = entry.event;
    const known = byNumber.get(n);
    if (known === undefined) byNumber.set(n, entry);
    else if (known.hash !== entry.hash)
      findings.push(
        broken(
          "conflict",
          `event ${n} is there twice with different content (seq ${known.seq} and ${entry.seq})`,
          {
            session,
          },
        ),
      );
  }
  const events = [...byNumber.values()].toSorted((a, b) => a.event.n - b.event.n);
  const asked = new Set<CommandId>();
  for (const { event } of events) {
    if (event.type !== "command" && event.type !== "refused") continue;
    if (asked.has(event.command))
      findings.push(
        broken("conflict", `event ${event.n} has the id of another command`, {
          session,
          command: event.command,
        }),
      );
    asked.add(event.command);
  }
  const parts = partsOf(session, output, writer, findings);
  const open = events.find((entry) => is(entry, "open"));
  return {
    session,
    writer,
    ...(open !== undefined && { open: open as Entry<Open> }),
    events,
    commands: commandsOf(events, [...joined.values()], parts),
    findings,
  };
}

function commandsOf(
  events: readonly Entry<WriterEvent>[],
  joined: readonly Entry<Verdict | Approval>[],
  parts: ReadonlyMap<string, Buffer>,
): CommandRecord[] {
  const results = new Map<CommandId, Entry<Result>>();
  for (const entry of events) {
    const { event } = entry;
    if (event.type === "result" && !results.has(event.command))
      results.set(event.command, { ...entry, event });
  }
  // By command, not searched for each: a session may have a million.
  const answers = Map.groupBy(joined, ({ event }) => event.command);
  const commands: CommandRecord[] = [];
  for (const entry of events) {
    if (entry.event.type !== "command" && entry.event.type !== "refused") continue;
    const id = entry.event.command;
    const of = (answers.get(id) ?? []).toSorted(
      (a, b) => a.event.time - b.event.time || a.seq - b.seq,
    );
    const result = results.get(id);
    commands.push({
      id,
      asked: entry as Entry<Command | Refused>,
      verdicts: of.filter((one): one is Entry<Verdict> => is(one, "verdict")),
      approvals: of.filter((one): one is Entry<Approval> => is(one, "approval")),
      ...(result !== undefined && { result }),
      rows: inOrder(parts, id, "rows"),
      text: inOrder(parts, id, "text"),
      copy: inOrder(parts, id, "copy"),
    });
  }
  return commands;
}

/** The writer's events by number, each command followed by its verdicts and approvals. */
export function timeline(record: SessionRecord): EventEntry[] {
  const commands = new Map(record.commands.map((command) => [command.asked, command]));
  return record.events.flatMap((entry) => {
    const command = commands.get(entry as Entry<Command | Refused>);
    if (command === undefined) return [entry];
    return [
      entry,
      ...[...command.verdicts, ...command.approvals].toSorted(
        (a, b) => a.event.time - b.event.time || a.seq - b.seq,
      ),
    ];
  });
}

const partName = (command: CommandId, kind: OutputHeader["kind"], part: number): string =>
  `${command} ${kind} ${part}`;

function partsOf(
  session: SessionId,
  output: readonly OutputEntry[],
  writer: string | null,
  findings: Finding[],
): Map<string, Buffer> {
  const parts = new Map<string, Buffer>();
  for (const { subject, seq, chunk } of output) {
    const { command, kind, part } = chunk.header;
    const about = { session, command };
    if (writer !== null && subject.slice(subject.lastIndexOf(".") + 1) !== writer) {
      findings.push(broken("foreign-writer", `seq ${seq}: output came on \`${subject}\``, about));
      continue;
    }
    const name = partName(command, kind, part);
    const unpacked = unpackOutput(chunk);
    if (unpacked === null) {
      findings.push(broken("output-changed", `output part ${part} cannot be unpacked`, about));
      continue;
    }
    const body = Buffer.from(unpacked);
    const known = parts.get(name);
    if (known === undefined) parts.set(name, body);
    else if (!known.equals(body))
      findings.push(
        broken("conflict", `output part ${part} is there twice with different content`, about),
      );
  }
  return parts;
}

function inOrder(
  parts: ReadonlyMap<string, Buffer>,
  command: CommandId,
  kind: OutputHeader["kind"],
): Buffer[] {
  const found: Buffer[] = [];
  for (let part = 1; ; part++) {
    const body = parts.get(partName(command, kind, part));
    if (body === undefined) return found;
    found.push(body);
  }
}

const is = (entry: EventEntry, type: RecordEvent["type"]): boolean => entry.event.type === type;
const isWritten = (entry: EventEntry): entry is Entry<WriterEvent> => "n" in entry.event;
const isJoined = (entry: EventEntry): entry is Entry<Verdict | Approval> => !isWritten(entry);
const writerOf = (entry: EventEntry): string => parseRecordSubject(entry.subject)?.writer ?? "";
