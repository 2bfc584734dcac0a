/**
 * Keywords that are not "unreserved" in PostgreSQL 15 to 18 (`pg_get_keywords()`, catcode R, C or T):
 * quote_ident quotes these. The union of the four majors, so that an id never depends on the version.
 */
const quoted = new Set(
  `all analyse analyze and any array as asc asymmetric authorization between bigint binary bit boolean
   both case cast char character check coalesce collate collation column concurrently constraint create
   cross current_catalog current_date current_role current_schema current_time current_timestamp
   current_user dec decimal default deferrable desc distinct do else end except exists extract false
   fetch float for foreign freeze from full grant greatest group grouping having ilike in initially
   inner inout int integer intersect interval into is isnull join json json_array json_arrayagg
   json_exists json_object json_objectagg json_query json_scalar json_serialize json_table json_value
   lateral leading least left like limit localtime localtimestamp merge_action national natural nchar
   none normalize not notnull null nullif numeric offset on only or order out outer overlaps overlay
   placing position precision primary real references returning right row select session_user setof
   similar smallint some substring symmetric system_user table tablesample then time timestamp to
   trailing treat trim true union unique user using values varchar variadic verbose when where window
   with xmlattributes xmlconcat xmlelement xmlexists xmlforest xmlnamespaces xmlparse xmlpi xmlroot
   xmlserialize xmltable`.split(/\s+/),
);

/** As PostgreSQL's quote_ident writes a name. */
export const quoteIdent = (name: string): string =>
  /^[a-z_][a-z0-9_]*$/.test(name) && !quoted.has(name) ? name : `"${name.replaceAll('"', '""')}"`;

export const qualified = (...parts: string[]): string => parts.map(quoteIdent).join(".");

/** Splits `public."Odd.Name".email` into raw names; null if it is not written like that. */
export function splitQualified(id: string): string[] | null {
  const parts: string[] = [];
  const part = /"((?:[^"]|"")+)"|([^".]+)/y;
  for (let at = 0; ; at += 1) {
    part.lastIndex = at;
    const match = part.exec(id);
    if (!match) return null;
    parts.push(match[1] === undefined ? (match[2] ?? "") : match[1].replaceAll('""', '"'));
    at = part.lastIndex;
    if (at === id.length) return parts;
    if (id[at] !== ".") return null;
  }
}
