import { readFileSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { Config } from "@sallyport/contracts";
import { LineCounter, parseDocument } from "yaml";
import { ConfigErrors, type ConfigMistake } from "./config-errors.ts";
import { checkMeaning } from "./config-meaning.ts";
import { placesOf } from "./config-places.ts";
import { schemaMistakes } from "./config-schema.ts";

export interface LoadedConfig {
  readonly config: Config;
  /** Absolute. */
  readonly file: string;
  readonly directory: string;
  /** A path of the config, which is relative to its file, as an absolute one. */
  resolve(relative: string): string;
}

/** Reads sallyport.yaml; throws `ConfigErrors` with every mistake at once. */
export function loadConfig(path: string): LoadedConfig {
  const file = resolve(path);
  let text: string;
  try {
    text = readFileSync(file, "utf8");
  } catch (cause) {
    const why =
      (cause as NodeJS.ErrnoException).code === "ENOENT" ? "is not there" : "cannot be read";
    throw new ConfigErrors([
      {
        file: path,
        line: 1,
        column: 1,
        message: `\`${path}\` ${why}`,
        hint: "name it with --config FILE, or have `sally init` write a first one",
      },
    ]);
  }
  const directory = dirname(file);
  return {
    config: parseConfig(text, path, directory),
    file,
    directory,
    resolve: (relative) => resolve(directory, relative),
  };
}

/** `name` is what messages call the file. */
export function parseConfig(text: string, name: string, directory: string): Config {
  const lines = new LineCounter();
  const document = parseDocument(text, {
    version: "1.2",
    schema: "core",
    lineCounter: lines,
    prettyErrors: false,
    uniqueKeys: true,
  });
  const mistakes: ConfigMistake[] = [...document.errors, ...document.warnings].map((error) => {
    const { line, col } = lines.linePos(error.pos[0]);
    return { file: name, line, column: col, message: yamlMessage(error.code, error.message) };
  });
  if (mistakes.length > 0) throw new ConfigErrors(mistakes);

  const places = placesOf(document, lines, name);
  const value: unknown = document.toJS({ maxAliasCount: 100 });
  const parsed = Config.safeParse(value);
  if (!parsed.success) mistakes.push(...schemaMistakes(parsed.error.issues, value, places));
  mistakes.push(...checkMeaning(value, places, directory));
  if (!parsed.success || mistakes.length > 0) throw new ConfigErrors(mistakes);
  return parsed.data;
}

function yamlMessage(code: string, message: string): string {
  switch (code) {
    case "DUPLICATE_KEY":
      return "the key stands here twice";
    case "TAB_AS_INDENT":
      return "a tab stands where YAML wants spaces";
    default:
      return `this is not YAML: ${message.charAt(0).toLowerCase()}${message.slice(1)}`;
  }
}
