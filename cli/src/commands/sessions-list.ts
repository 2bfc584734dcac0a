import { ArchiveReader, checkStarts, sessionLine, type SessionLine } from "@sallyport/evidence";
import { InvalidArgumentError, type Command } from "commander";
import { openArchive, warnOf, withArchiveOption } from "../archive-place.ts";
import { contextOf, withCommonOptions } from "../context.ts";
import { paint, say, sayJson, table } from "../output.ts";
import { clock, counted, size, span } from "../readable.ts";
import { shortened, visible } from "../terminal-text.ts";

interface ListOptions {
  readonly principal?: string;
  readonly connection?: string;
  readonly since?: number;
  readonly limit: number;
  readonly all?: boolean;
}

export function registerSessionsList(sessions: Command): void {
  withCommonOptions(withArchiveOption(sessions.command("list")))
    .description("sessions, the latest first")
    .option("--principal <name>", "only of this principal, such as corp#ci-runner")
    .option("--connection <name>", "only to this connection")
    .option("--since <when>", "opened since then: 2h, 7d, or a date such as 2026-01-31", since)
    .option("--limit <n>", "at most so many", limit, 50)
    .option("--all", "with what operators did, which `sally sessions acts` shows better")
    .action(async (options: ListOptions, command: Command) => {
      const reader = new ArchiveReader(await openArchive(command));
      // An opening is archived after it happened, so an older manifest cannot hold a younger session.
      const found = await reader.sessions(options.since);
      const fits = found.map(sessionLine).filter((line) => isWanted(line, options));
      const lines = fits
        .toSorted((a, b) => (b.opened ?? "").localeCompare(a.opened ?? ""))
        .slice(0, options.limit);
      if (contextOf(command).json) for (const line of lines) sayJson(line);
      else print(lines, fits.length);
      warnOf([...reader.findings, ...(options.since === undefined ? checkStarts(found) : [])]);
    });
}

function isWanted(line: SessionLine, options: ListOptions): boolean {
  if (options.principal !== undefined && line.principal !== options.principal) return false;
  if (options.connection !== undefined && line.connection !== options.connection) return false;
  if (options.all !== true && line.protocol === "operator") return false;
  if (options.since === undefined) return true;
  return line.opened !== null && Date.parse(line.opened) >= options.since;
}

function print(lines: readonly SessionLine[], all: number): void {
  if (lines.length === 0) {
    say("no such session is in the archive");
    return;
  }
  const number = (count: number): string => (count === 0 ? "·" : String(count));
  say(
    table(
      [
        "SESSION",
        "PRINCIPAL",
        "CONNECTION",
        "ADDRESS",
        "OPENED",
        "LASTED",
        "COMMANDS",
        "DENIED",
        "HELD",
        "BYTES",
      ],
      lines.map((line) => [
        line.session.slice(0, 12),
        shortened(visible(line.principal ?? nobody(line)), 40),
        visible(line.connection ?? "?"),
        visible(line.address ?? "?"),
        line.opened === null ? "?" : clock(Date.parse(line.opened)),
        lasted(line),
        number(line.commands),
        number(line.denied),
        number(line.held),
        size(line.bytes),
      ]),
    ),
  );
  if (all > lines.length)
    say(paint("dim", `${counted(all - lines.length, "more session")}: --limit shows them`));
}

/** Whose a session without a principal is: nobody's who was refused at the door, or Sallyport's own. */
export const nobody = ({ protocol, address }: SessionLine): string => {
  if (protocol === "operator") return "(operator)";
  return address === "own" ? "(catalog)" : "(unknown)";
};

function lasted({ opened, closed }: SessionLine): string {
  if (closed === null) return "open";
  return opened === null ? "?" : span(Date.parse(closed) - Date.parse(opened));
}

/** An option's time: so long ago, or a date (ms since 1970). */
export function since(text: string): number {
  const ago = /^([1-9]\d{0,5})(s|m|h|d)$/.exec(text);
  const units = { s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const;
  if (ago !== null) return Date.now() - Number(ago[1]) * units[ago[2] as keyof typeof units];
  const time = Date.parse(text);
  if (Number.isNaN(time))
    throw new InvalidArgumentError("it takes a time such as 2h, 7d or 2026-01-31.");
  return time;
}

/** An option's number, from 1. */
export function limit(text: string): number {
  if (!/^[1-9]\d{0,6}$/.test(text)) throw new InvalidArgumentError("it takes a number above 0.");
  return Number(text);
}
