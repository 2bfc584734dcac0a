import type { ConfigMistake } from "./config-errors.ts";
import type { Places } from "./config-places.ts";

/** What the schema cannot say: paths, listeners, names. `config` may be half wrong. */
export function checkMeaning(
  _config: unknown,
  _places: Places,
  _directory: string,
): ConfigMistake[] {
  return [];
}
