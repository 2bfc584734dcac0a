import { createHash } from "node:crypto";
import type { CommandId, Result, Verdict } from "@sallyport/contracts";
import { broken, note, type Finding } from "./finding.ts";
import { gaps, runs } from "./session-summary.ts";
import type { CommandRecord, SessionRecord } from "./session-record.ts";

/** INVARIANT I6: what is missing, changed, doubled or cut in a session shows in its own numbers and hashes. */
export function checkSession(record: SessionRecord): Finding[] {
  return [
    ...record.findings,
    ...checkNumbers(record),
    ...checkHashes(record),
    ...checkTale(record),
    ...record.commands.flatMap((command) => checkCommand(record, command)),
  ];
}

function checkNumbers({ session, events, open }: SessionRecord): Finding[] {
  const findings: Finding[] = [];
  const about = { session };
  if (open?.event.n !== 1)
    findings.push(broken("no-open", "the session's opening is missing", about));
  const close = events.find(({ event }) => event.type === "close")?.event;
  const highest = events.at(-1)?.event.n ?? 0;
  const count = close?.type === "close" ? close.count : null;
  if (count === null)
    findings.push(
      note(
        "not-closed",
        "no close: the session is open, or its end was lost with its worker",
        about,
      ),
    );
  else if (highest > count || close?.n !== count)
    findings.push(
      broken("event-after-close", `close counts ${count} events, ${highest} are there`, about),
    );
  // By runs, not by counting: a hostile number must not make this long.
  const there = runs(events.map(({ event }) => event.n));
  const end = Math.max(highest, count ?? 0);
  for (const [first, last] of gaps(there, end))
    findings.push(
      broken(
        "event-missing",
        first === last ? `event ${first} is missing` : `events ${first} to ${last} are missing`,
        about,
      ),
    );
  return findings;
}

function checkHashes({ session, events }: SessionRecord): Finding[] {
  const findings: Finding[] = [];
  for (const [at, { event }] of events.entries()) {
    const before = events[at - 1];
    // After a hole the hash has nothing to be compared with; the hole is a finding already.
    if (event.n > 1 && before?.event.n !== event.n - 1) continue;
    if (event.prev !== (before?.hash ?? null))
      findings.push(
        broken("hash-chain-broken", `event ${event.n} does not follow from the one before it`, {
          session,
        }),
      );
  }
  return findings;
}

/** What a worker that numbers and chains well can still tell in two ways: who came, and what came of a command. */
function checkTale({ session, events }: SessionRecord): Finding[] {
  const findings: Finding[] = [];
  const asked = new Set<CommandId>();
  const answered = new Set<CommandId>();
  // Behind a hole the command may be what is missing.
  const isWhole = events.every(({ event }, at) => event.n === at + 1);
  const tell = (n: number, what: string, command?: CommandId): void => {
    const about = { session, ...(command !== undefined && { command }) };
    findings.push(broken("conflict", `event ${n} ${what}`, about));
  };
  for (const { event } of events) {
    if (event.type === "open" && event.n > 1) tell(event.n, "opens the session again");
    if (event.type === "command") asked.add(event.command);
    if (event.type !== "result") continue;
    const { n, command } = event;
    if (answered.has(command)) tell(n, "is one more result of its command", command);
    else if (isWhole && !asked.has(command))
      tell(n, "is a result of no command before it", command);
    answered.add(command);
  }
  return findings;
}

function checkCommand({ session }: SessionRecord, command: CommandRecord): Finding[] {
  const { id, asked, verdicts, result } = command;
  const findings: Finding[] = [];
  const about = { session, command: id };
  if (asked.event.type === "refused") return findings;
  for (const { event } of verdicts) {
    if (event.hash !== asked.hash)
      findings.push(broken("verdict-differs", "a verdict was given on another text", about));
  }
  // One verdict, and after those that open holds, each another one of the same key, a final one.
  if (!mayFollow(verdicts.map(({ event }) => event)))
    findings.push(broken("conflict", `${verdicts.length} different verdicts`, about));
  if (result === undefined) {
    findings.push(note("no-result", "no result: whether it was executed is unknown", about));
    return findings;
  }
  const { outcome, verdict: acted } = result.event;
  const verdict = verdicts.find(({ hash }) => hash === acted);
  if (acted !== null && verdict === undefined)
    findings.push(broken("no-verdict", "the verdict that it acted on is missing", about));
  // INVARIANT I1, I2: nothing runs without a pass whose holds are answered.
  if (outcome === "executed" || outcome === "skipped" || outcome === "unknown") {
    const passed =
      verdict?.event.decision === "pass" &&
      (verdict.event.holds.length === 0 || verdict.event.hold?.state === "taken");
    if (verdict !== undefined ? !passed : acted === null)
      findings.push(
        broken(
          "executed-without-pass",
          `\`${outcome}\` without a verdict that lets it pass`,
          about,
        ),
      );
  }
  return [...findings, ...checkOutput(command, result.event, about)];
}

/** Whether one command may have had all of these verdicts, in whatever order they were stored. */
function mayFollow(verdicts: readonly Verdict[]): boolean {
  const waited = verdicts.filter(({ final }) => !final).map(({ hold }) => hold);
  return (
    verdicts.length - waited.length <= 1 &&
    new Set(waited.map((hold) => hold?.key)).size <= 1 &&
    new Set(waited.map((hold) => hold?.id)).size === waited.length
  );
}

/** What was said to be kept of a command's output, text and COPY data is there and is the same. */
function checkOutput(
  { rows, copy, text, asked }: CommandRecord,
  result: Result,
  about: Parameters<typeof broken>[2],
): Finding[] {
  const long = asked.event.type === "command" ? asked.event.long : undefined;
  const { input } = result;
  return [
    ...checkParts("output", rows, { parts: result.parts, sha256: result.output }, about),
    ...(input === undefined ? [] : checkParts("COPY data", copy, input, about)),
    ...(long === undefined ? [] : checkParts("statement text", text, long, about)),
  ];
}

function checkParts(
  what: string,
  parts: readonly Buffer[],
  expected: { readonly parts: number; readonly sha256: string | null },
  about: Parameters<typeof broken>[2],
): Finding[] {
  if (expected.parts === 0) return [];
  if (parts.length < expected.parts)
    return [
      broken(
        "output-missing",
        `${what}: part ${parts.length + 1} of ${expected.parts} is missing`,
        about,
      ),
    ];
  const hash = createHash("sha256");
  for (const part of parts) hash.update(part);
  if (hash.digest("hex") === expected.sha256) return [];
  return [broken("output-changed", `${what}: it is not what its hash says`, about)];
}
