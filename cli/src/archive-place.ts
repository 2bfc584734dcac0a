import { existsSync } from "node:fs";
import { resolve } from "node:path";
import {
  DirectoryStore,
  type ArchiveReader,
  type ArchiveStore,
  type Finding,
  type SessionParts,
} from "@sallyport/evidence";
import { Option, type Command } from "commander";
import { CliError } from "./cli-error.ts";
import { contextOf } from "./context.ts";
import { paint } from "./output.ts";
import { visible } from "./terminal-text.ts";

export const withArchiveOption = (command: Command): Command =>
  command.addOption(
    new Option(
      "--archive <place>",
      "the archive's directory (default: the one that the config names)",
    ),
  );

/** The archive that `--archive` or the config names, read with this user's own rights. */
export function openArchive(command: Command): ArchiveStore {
  const { archive } = command.optsWithGlobals<{ archive?: string }>();
  let directory: string;
  if (archive === undefined) {
    const loaded = contextOf(command).config();
    directory = loaded.resolve(loaded.config.archive.directory);
  } else directory = resolve(archive);
  if (!existsSync(directory))
    throw new CliError(`there is no archive at \`${directory}\``, {
      hint: "the recorder makes it when it has something to keep",
    });
  return new DirectoryStore(directory);
}

/** The one session whose id begins so. @throws {CliError} when there is none or more than one */
export async function findSession(reader: ArchiveReader, prefix: string): Promise<SessionParts> {
  const found = /^[a-z2-7]{1,26}$/.test(prefix)
    ? (await reader.sessions()).filter(({ session }) => session.startsWith(prefix))
    : [];
  const [only, another] = found;
  if (only === undefined)
    throw new CliError(`no session \`${visible(prefix)}\` is in the archive`, {
      hint: "a session is there some seconds after it began; `sally sessions list` shows all",
    });
  if (another !== undefined)
    throw new CliError(`${found.length} sessions begin with \`${prefix}\`: give more of the id`);
  return only;
}

/** Findings as lines for people. */
export const findingLines = (findings: readonly Finding[]): string[] =>
  findings.map(({ severity, code, text, command }) => {
    const about = command === undefined ? "" : ` (command ${command.slice(0, 10)})`;
    const line = `${severity === "broken" ? "✗" : "·"} ${code}: ${visible(text)}${about}`;
    return paint(severity === "broken" ? "red" : "yellow", line);
  });

/** What of the archive could not be read, on standard error: the answer on standard output may lack it. */
export function warnOf(findings: readonly Finding[]): void {
  for (const { code, text } of findings.slice(0, 20))
    process.stderr.write(`sally: archive: ${code}: ${visible(text)}\n`);
  if (findings.length > 20)
    process.stderr.write(`sally: archive: ${findings.length - 20} more findings\n`);
}
