import type { Told } from "./analyse.ts";
import { integer, known, knownFields, list, node, only, text, type Fields } from "./tree.ts";
import { type } from "./types.ts";
import { plain } from "./value.ts";
import type { Context } from "./context.ts";
import { applies } from "./rules.ts";

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
  context: Context,
  inner: (kind: string, fields: Fields) => Told,
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
  for (const { value } of told.declares?.columns ?? told.columns ?? [])
    context.asked.use(value.columns, "output");
  // Widths, sizes and what is computed at once are made of the values that it reads.
  // Of a row that is written, the log has all columns.
  const logged = analyze && options.has("wal") && !off.test(options.get("wal") ?? "");
  const shows = logged ? context.asked.touched : context.asked.seen;
  const read = applies("plan") ? [...shows].toSorted() : [];
  const format = options.get("format")?.toLowerCase();
  const shown = format === "json" ? 114 : format === "xml" ? 142 : type.text;
  return {
    columns: [{ name: "QUERY PLAN", value: { ...plain(shown), columns: read } }],
    explain: { analyze },
    ...(analyze && told.effects ? { effects: told.effects } : {}),
    ...(told.opaque === undefined ? {} : { opaque: told.opaque }),
  };
}
