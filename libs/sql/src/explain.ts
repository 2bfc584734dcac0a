import type { Told } from "./analyse.ts";
import { integer, known, knownFields, list, node, only, text, type Fields } from "./tree.ts";
import { type } from "./types.ts";
import { plain } from "./value.ts";

const off = /^(off|false|0)$/i;

function optionText(value: unknown): string {
  if (value === undefined) return "true";
  const { fields } = node(value);
  return (
    text(fields["sval"]) || (fields["boolval"] === true ? "true" : String(integer(fields["ival"])))
  );
}

/** EXPLAIN asks what its statement asks, and shows a plan instead; with ANALYZE it also runs it. */
export function explainStatement(
  fields: Fields,
  inner: (kind: string, fields: Fields) => Told,
  ask: (told: Told) => void,
): Told {
  known(fields, "ExplainStmt", knownFields("query", "options"));
  const options = new Map(
    list(fields["options"]).map((item) => {
      const option = only(item, "DefElem");
      return [text(option["defname"]).toLowerCase(), optionText(option["arg"])] as const;
    }),
  );
  const analyze = options.has("analyze") && !off.test(options.get("analyze") ?? "");
  const { kind, fields: query } = node(fields["query"]);
  const told = inner(kind, query);
  ask(told);
  const format = options.get("format")?.toLowerCase();
  const shown = format === "json" ? 114 : format === "xml" ? 142 : type.text;
  return {
    columns: [{ name: "QUERY PLAN", value: plain(shown) }],
    explain: { analyze },
    ...(analyze && told.effects ? { effects: told.effects } : {}),
    ...(told.opaque === undefined ? {} : { opaque: told.opaque }),
  };
}
