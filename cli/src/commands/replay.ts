import { setTimeout as delay } from "node:timers/promises";
import { ArchiveReader, checkSession, timeline, type SessionRecord } from "@sallyport/evidence";
import { InvalidArgumentError, type Command } from "commander";
import {
  findingLines,
  findSession,
  openArchive,
  warnOf,
  withArchiveOption,
} from "../archive-place.ts";
import { contextOf, withCommonOptions } from "../context.ts";
import { paint, say } from "../output.ts";
import { clock } from "../readable.ts";
import { narrate } from "../replay/narrate.ts";
import { visible } from "../terminal-text.ts";

interface ReplayOptions {
  readonly speed?: number;
  readonly pause: boolean;
  readonly maxPause: number;
  readonly rows: number;
  readonly lines: number;
}

/** `sally replay ID`. */
export function registerReplay(program: Command): void {
  withCommonOptions(withArchiveOption(program.command("replay")))
    .description("show a session as it happened, out of the archive")
    .argument("<id>", "the session's id, or its beginning")
    .option("--speed <n>", "so many times as fast; 0 does not pause", number)
    .option("--no-pause", "the same as --speed 0; the default where no terminal is")
    .option("--max-pause <seconds>", "the longest pause", number, 2)
    .option("--rows <n>", "rows shown of each result", number, 20)
    .option("--lines <n>", "lines shown of each statement", number, 40)
    .action(async (id: string, options: ReplayOptions, command: Command) => {
      const reader = new ArchiveReader(await openArchive(command));
      const record = await reader.read(await findSession(reader, id));
      if (contextOf(command).json)
        for (const { raw } of timeline(record)) say(raw.toString("utf8"));
      else await play(record, options);
      warnOf(reader.findings);
    });
}

async function play(record: SessionRecord, options: ReplayOptions): Promise<void> {
  const speed = speedOf(options);
  const events = timeline(record);
  const began = events[0]?.event.time ?? 0;
  const { open, session } = record;
  say(
    `${paint("bold", `session ${session}`)}  ${clock(began)}  ` +
      `${visible(open?.event.principal?.id ?? "(unknown)")} → ${visible(open?.event.connection || "?")}`,
  );
  let before = began;
  for (const entry of events) {
    const { time } = entry.event;
    if (speed > 0)
      await delay(Math.min(options.maxPause * 1000, Math.max(0, time - before) / speed));
    before = Math.max(before, time);
    const at = `+${(Math.max(0, time - began) / 1000).toFixed(3)}s`.padStart(12);
    for (const [index, line] of narrate(record, entry, options).entries())
      say(`${index === 0 ? paint("dim", at) : " ".repeat(12)}  ${line}`);
  }
  const findings = checkSession(record);
  say();
  if (findings.length === 0)
    say(paint("green", "complete: every event is there and fits the one before it"));
  for (const line of findingLines(findings)) say(line);
}

function speedOf({ speed, pause }: ReplayOptions): number {
  if (!pause) return 0;
  return speed ?? (process.stdout.isTTY ? 1 : 0);
}

function number(text: string): number {
  const value = Number(text);
  if (text.trim() === "" || !Number.isFinite(value) || value < 0)
    throw new InvalidArgumentError("it takes a number of 0 or more.");
  return value;
}
