import {
  ArchiveReader,
  checkSession,
  isoTime,
  sessionLine,
  type CommandRecord,
  type Finding,
  type SessionLine,
  type SessionRecord,
} from "@sallyport/evidence";
import type { Command } from "commander";
import { findingLines, findSession, openArchive, withArchiveOption } from "../archive-place.ts";
import { contextOf, withCommonOptions } from "../context.ts";
import { paint, say, sayJson, table } from "../output.ts";
import { clock, counted, size, span } from "../readable.ts";
import { shortened, visible } from "../terminal-text.ts";
import { nobody } from "./sessions-list.ts";

export function registerSessionsShow(sessions: Command): void {
  withCommonOptions(withArchiveOption(sessions.command("show")))
    .description(
      "one session: who, what, every command's verdict, and whether its evidence is whole",
    )
    .argument("<id>", "the session's id, or its beginning")
    .action(async (id: string, _options: object, command: Command) => {
      const reader = new ArchiveReader(await openArchive(command));
      const found = await findSession(reader, id);
      const record = await reader.read(found, true);
      const findings = [...reader.findings, ...checkSession(record)];
      const line = sessionLine(found);
      if (contextOf(command).json)
        sayJson({ ...line, list: record.commands.map(commandLine), findings });
      else print(line, record, findings);
    });
}

/** One command with what became of it. */
function commandLine({ id, asked: { event }, verdicts, approvals, result }: CommandRecord) {
  const verdict = verdicts.at(-1)?.event;
  return {
    command: id,
    time: isoTime(event.time),
    kind: event.type === "command" ? event.kind : "refused",
    text: event.text,
    decision: verdict?.decision ?? null,
    policies: verdict?.policies ?? [],
    revision: verdict?.revision ?? null,
    masks: verdict?.masks ?? [],
    hold: verdict?.hold?.id ?? null,
    approvers: approvals
      .filter((approval) => approval.event.answer === "approve")
      .map((approval) => approval.event.principal.id),
    outcome: event.type === "refused" ? "refused" : (result?.event.outcome ?? "unknown"),
    error: event.type === "refused" ? event.code : (result?.event.error?.code ?? null),
    rows: result?.event.rows ?? 0,
    bytes: result?.event.bytes ?? 0,
    took:
      result === undefined || result.event.sent === null
        ? null
        : result.event.ended - result.event.sent,
  };
}

function print(line: SessionLine, record: SessionRecord, findings: readonly Finding[]): void {
  const principal = record.open?.event.principal;
  const close = record.events.find(({ event }) => event.type === "close")?.event;
  const facts: [string, string | null][] = [
    ["session", line.session],
    ["principal", principal === undefined ? nobody(line) : `${principal.id} (${principal.kind})`],
    ["owner", principal?.owner ?? null],
    [
      "groups",
      principal === undefined || principal.groups.length === 0 ? null : principal.groups.join(", "),
    ],
    ["connection", line.connection],
    ["protocol", line.protocol],
    ["address", line.address],
    ["worker", record.writer],
    ["opened", line.opened === null ? null : clock(Date.parse(line.opened))],
    ["closed", closedText(line, close?.type === "close" ? close.reason : "")],
    [
      "commands",
      `${line.commands} (${line.denied} denied, ${line.held} held), ${size(line.bytes)} sent to the client`,
    ],
  ];
  for (const [name, value] of facts)
    if (value !== null) say(`${paint("dim", name.padEnd(12))}${visible(value)}`);
  say();
  if (record.commands.length > 0)
    say(
      table(
        ["TIME", "KIND", "VERDICT", "OUTCOME", "ROWS", "TOOK", "POLICIES", "TEXT"],
        record.commands
          .map(commandLine)
          .map((command) => [
            command.time === null ? "?" : clock(Date.parse(command.time)).slice(11),
            command.kind,
            command.hold === null
              ? (command.decision ?? "none")
              : `${command.decision ?? ""} (held)`,
            command.outcome,
            command.rows === 0 ? "·" : String(command.rows),
            command.took === null ? "·" : span(command.took),
            shortened(visible(command.policies.join(", ")), 40),
            shortened(visible(command.text.trim().replaceAll(/\s+/g, " ")), 80),
          ]),
      ),
    );
  say();
  const broken = findings.filter(({ severity }) => severity === "broken").length;
  if (findings.length === 0)
    say(
      paint(
        "green",
        `complete: ${counted(record.events.length, "event")}, none missing or changed`,
      ),
    );
  else if (broken > 0) say(paint("red", `${counted(broken, "finding")} against this evidence`));
  for (const text of findingLines(findings)) say(text);
}

function closedText({ opened, closed }: SessionLine, reason: string): string {
  if (closed === null) return "not yet, or its end was lost";
  const lasted = opened === null ? "" : `, after ${span(Date.parse(closed) - Date.parse(opened))}`;
  return `${clock(Date.parse(closed))}${lasted}${reason === "" ? "" : `: ${reason}`}`;
}
