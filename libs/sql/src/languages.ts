import type { Context } from "./context.ts";
import { Unresolved } from "./outcome.ts";
import { list, only, text } from "./tree.ts";

/** Options of which PostgreSQL finds nothing wrong before it looks for the language, while each is there once. */
const saidLater: Readonly<Record<"function" | "procedure" | "block", ReadonlySet<string>>> = {
  function: new Set("as language volatility strict leakproof security window transform".split(" ")),
  procedure: new Set("as language security transform".split(" ")),
  block: new Set(["as", "language"]),
};

/**
 * Refuses what names a language that is not there, as PostgreSQL does before it looks at anything else of it.
 * @throws {Unresolved} 42704
 */
export function refuseUnknownLanguage(
  written: unknown,
  of: keyof typeof saidLater,
  { catalog }: Context,
): void {
  const options = list(written).map((item) => only(item, "DefElem"));
  const names = options.map((option) => text(option["defname"]));
  if (new Set(names).size < names.length || !names.every((name) => saidLater[of].has(name))) return;
  if (of === "block" && !names.includes("as")) return;
  const named = options[names.indexOf("language")];
  const language =
    named === undefined
      ? of === "block"
        ? "plpgsql"
        : null
      : text(only(named["arg"], "String")["sval"]);
  if (language === null || catalog.languages === null || catalog.languages.has(language)) return;
  // Of other languages the server's files tell whether they come with an extension.
  const hint =
    language === "plpgsql"
      ? "Use CREATE EXTENSION to load the language into the database."
      : undefined;
  throw new Unresolved("42704", `language "${language}" does not exist`, -1, hint);
}
