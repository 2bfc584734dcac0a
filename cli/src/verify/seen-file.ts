import { existsSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { ArchiveEnds } from "@sallyport/evidence";
import { CliError } from "../cli-error.ts";

/** Where the chains ended the last time. @throws {CliError} when the file holds something else */
export function readSeen(file: string): ArchiveEnds | undefined {
  if (!existsSync(file)) return undefined;
  try {
    return ArchiveEnds.parse(JSON.parse(readFileSync(file, "utf8")));
  } catch (cause) {
    throw new CliError(`\`${file}\` does not hold where an archive ended`, { cause });
  }
}

/** Whole or not at all. */
export function writeSeen(file: string, ends: ArchiveEnds): void {
  writeFileSync(`${file}.new`, `${JSON.stringify(ends)}\n`);
  renameSync(`${file}.new`, file);
}
