import { readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { fail, ok, type Check } from "./check.ts";

/** Whether the secrets of this host are readable by their owner alone. Folders that are not there have none. */
export function privateFileChecks(directories: readonly string[]): Check[] {
  const files = directories.flatMap((directory) => {
    if (!statSync(directory, { throwIfNoEntry: false })?.isDirectory()) return [];
    return readdirSync(directory)
      .filter((name) => name.endsWith(".key") || name.endsWith(".json"))
      .map((name) => join(directory, name));
  });
  const open = files.filter((file) => (statSync(file).mode & 0o077) !== 0);
  if (open.length > 0)
    return open.map((file) =>
      fail(
        "files",
        `\`${file}\` is open to others`,
        `run \`chmod 600 ${file}\`, and change the key if anyone may have read it`,
      ),
    );
  return files.length === 0
    ? []
    : [ok("files", "keys and credentials are readable by their owner alone")];
}
