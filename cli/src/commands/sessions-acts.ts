import { ArchiveReader, isoTime, type SessionRecord } from "@sallyport/evidence";
import type { Command } from "commander";
import { openArchive, warnOf, withArchiveOption } from "../archive-place.ts";
import { contextOf, withCommonOptions } from "../context.ts";
import { paint, say, sayJson, table } from "../output.ts";
import { clock, counted } from "../readable.ts";
import { shortened, visible } from "../terminal-text.ts";
import { limit, since } from "./sessions-list.ts";

export function registerSessionsActs(sessions: Command): void {
  withCommonOptions(withArchiveOption(sessions.command("acts")))
    .description("what operators did, and each use of their key as the bus saw it")
    .option("--since <when>", "since then: 2h, 7d, or a date such as 2026-01-31", since)
    .option("--limit <n>", "at most so many", limit, 50)
    .addHelpText(
      "after",
      `
\`sally\` records what it is about to do, by the name that it was given; authn records what it did, and (\`key-used\`)
each connection that anyone made with the key of an operator or of the set-up, as nats-server itself saw it.

Examples:
  $ sally sessions acts --since 7d
  $ sally sessions acts --json | jq 'select(.act == "key-used")'`,
    )
    .action(async (options: { since?: number; limit: number }, command: Command) => {
      const reader = new ArchiveReader(await openArchive(command));
      const found = (await reader.sessions(options.since)).filter(({ parts }) =>
        parts.some(({ part }) => part.open?.protocol === "operator"),
      );
      const opened = (one: (typeof found)[number]): number =>
        one.parts.find(({ part }) => part.open !== null)?.part.open?.time ?? 0;
      const wanted = found
        .filter((one) => options.since === undefined || opened(one) >= options.since)
        .toSorted((a, b) => opened(b) - opened(a));
      const acts = [];
      for (const one of wanted.slice(0, options.limit)) acts.push(actOf(await reader.read(one)));
      if (contextOf(command).json) for (const act of acts) sayJson(act);
      else print(acts, wanted.length);
      warnOf(reader.findings);
    });
}

/** `recorded`: on whose subject it came, which its key on the bus proves. `by` is what they called themselves. */
interface ActLine {
  readonly session: string;
  readonly time: string | null;
  readonly by: string | null;
  readonly from: string | null;
  readonly act: string | null;
  readonly text: string | null;
  readonly recorded: string | null;
}

function actOf({ session, events, open, writer }: SessionRecord): ActLine {
  const own = events.map(({ event }) => event).find((event) => event.type === "own");
  return {
    session,
    time: isoTime(own?.time ?? open?.event.time),
    by: own?.by ?? null,
    from: open === undefined || open.event.address === "" ? null : open.event.address,
    act: own?.purpose ?? null,
    text: own?.text ?? null,
    recorded: writer,
  };
}

function print(acts: readonly ActLine[], all: number): void {
  if (acts.length === 0) {
    say("no act is in the archive");
    return;
  }
  say(
    table(
      ["TIME", "ACT", "BY", "FROM", "RECORDED BY", "WHAT"],
      acts.map(({ time, act, by, from, recorded, text }) => [
        time === null ? "?" : clock(Date.parse(time)),
        visible(act ?? "?"),
        shortened(visible(by ?? "?"), 30),
        visible(from ?? "·"),
        recorded ?? "?",
        shortened(visible(text ?? "?"), 100),
      ]),
    ),
  );
  if (all > acts.length)
    say(paint("dim", `${counted(all - acts.length, "more act")}: --limit shows them`));
}
