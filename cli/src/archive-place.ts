import { existsSync } from "node:fs";
import {
  DirectoryStore,
  openArchive as openConfigured,
  openPlace,
  type Archive,
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
      "the archive's directory, or s3://bucket/prefix (default: what the config names)",
    ),
  );

/** The archive that `--archive` or the config names, read with this user's own rights. */
export async function openArchive(command: Command): Promise<ArchiveStore> {
  const { archive: place } = command.optsWithGlobals<{ archive?: string }>();
  const archive =
    place === undefined ? await openConfigured(contextOf(command).config()) : await named(place);
  if (archive instanceof DirectoryStore && !existsSync(archive.directory))
    throw new CliError(`there is no archive at \`${archive.directory}\``, {
      hint: "the recorder makes it when it has something to keep",
    });
  return archive;
}

async function named(place: string): Promise<Archive> {
  try {
    return await openPlace(place);
  } catch (error) {
    throw new CliError(error instanceof Error ? error.message : String(error));
  }
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
