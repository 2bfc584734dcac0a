/** What a case needs that older majors lack. */
export interface Since {
  readonly major: 16 | 17 | 18;
  readonly why: string;
}

const from = (
  major: Since["major"],
  why: string,
  ...titles: readonly string[]
): (readonly [string, Since])[] => titles.map((title) => [title, { major, why }] as const);

/** By the idea of an evasion, or what a control shows; all others are tried on every major. */
export const since: ReadonlyMap<string, Since> = new Map([
  ...from(16, "the aggregate any_value", "any_value"),
  ...from(
    16,
    "SQL/JSON's constructors",
    "JSON_OBJECT",
    "JSON_ARRAY of a query",
    "JSON_ARRAYAGG",
    "JSON_OBJECTAGG",
    "SQL/JSON constructors",
    "SQL/JSON aggregates",
  ),
  ...from(
    16,
    "a generation expression of a child's own",
    "a column that a child alone generates from it",
  ),
  ...from(16, "IS JSON", "whether the value is a document"),
  ...from(17, "JSON_SCALAR and JSON_SERIALIZE", "JSON_SCALAR", "JSON_SERIALIZE"),
  ...from(
    17,
    "SQL/JSON's queries and JSON_TABLE",
    "JSON_VALUE",
    "JSON_TABLE",
    "JSON_QUERY",
    "JSON_EXISTS",
    "JSON_QUERY and JSON_EXISTS",
    "rows made of a document",
    "a document's member as a number",
    "JSON_VALUE as a domain",
    "a document as a table",
    "a document as nested tables",
    "JSON_VALUE of a path",
    "JSON_QUERY of several paths",
    "JSON_EXISTS at a path",
  ),
  ...from(17, "MERGE into a view, and WHEN NOT MATCHED BY SOURCE", "MERGE into a view"),
  ...from(17, "ALTER COLUMN … SET EXPRESSION", "a new expression for a column"),
  ...from(17, "EXPLAIN (SERIALIZE)", "how large a result is"),
  ...from(18, "EXPLAIN tells what a materialised CTE keeps", "how much a plan keeps"),
  ...from(18, "COPY of a materialised view", "COPY of a materialised view"),
  ...from(18, "RETURNING old and new", "RETURNING old and new"),
  ...from(18, "virtual generated columns", "a virtual column"),
]);

/** Those that a major has, and those that it has not, with the reason. */
export function onMajor<T>(
  major: number,
  cases: readonly T[],
  title: (one: T) => string,
): { readonly there: T[]; readonly lacking: (T & { readonly lacks: string })[] } {
  const there: T[] = [];
  const lacking: (T & { readonly lacks: string })[] = [];
  for (const one of cases) {
    const needed = since.get(title(one));
    if (needed === undefined || needed.major <= major) there.push(one);
    else lacking.push({ ...one, lacks: `${needed.why} (${needed.major})` });
  }
  return { there, lacking };
}
