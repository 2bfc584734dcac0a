import { statSync } from "node:fs";
import { resolve } from "node:path";
import type { Finding } from "./config-meaning.ts";
import type { ConfigPath } from "./config-places.ts";

/** A finding when the path, relative to the config's folder, is not there or not of that kind. */
export function pathMistake(
  directory: string,
  relative: string,
  path: ConfigPath,
  wanted: "file" | "folder",
): Finding[] {
  const absolute = resolve(directory, relative);
  const found = statSync(absolute, { throwIfNoEntry: false });
  if (!found)
    return [
      {
        path,
        message: `${wanted} \`${relative}\` is not there`,
        hint: `looked for \`${absolute}\``,
      },
    ];
  const fits = wanted === "folder" ? found.isDirectory() : found.isFile();
  return fits ? [] : [{ path, message: `\`${relative}\` is no ${wanted}` }];
}
