import { ann, loud, told, tell, showing, type Leak } from "./case.ts";

/** Other relations that hold or show it: partitions, views, functions written in SQL. */
export const relations: readonly Leak[] = [
  // Partitions, children, catalogs.
  { idea: "a partition", script: "SELECT email FROM events_2026", shows: "canary-event" },
  { idea: "the partitioned table", script: "SELECT email FROM events", shows: "canary-event" },
  { idea: "an inheritance child", script: "SELECT email FROM customers_vip", shows: "canary-cleo" },
  { idea: "a view", script: "SELECT contact FROM contacts", shows: ann },
  { idea: "a materialised view", script: "SELECT contact FROM contacts_copy", shows: ann },
  {
    idea: "a temporary view",
    script: "CREATE TEMP VIEW t AS SELECT email FROM customers;\nSELECT * FROM t",
    shows: ann,
  },
  {
    idea: "a view of one's own",
    script:
      "CREATE VIEW mine AS SELECT email AS m FROM customers;\nSELECT m FROM mine;\nDROP VIEW mine",
    shows: ann,
  },
  {
    idea: "statistics",
    script:
      "SELECT most_common_vals, histogram_bounds::text FROM pg_stats WHERE tablename = 'customers'",
    shows: ann,
  },
  { idea: "a SQL function", script: "SELECT email_of(1)", shows: ann },
  { idea: "a function in FROM", script: "SELECT email FROM all_customers()", shows: ann },
  { idea: "a method-style call", script: "SELECT (all_customers()).email", shows: ann },
  // Views.
  { idea: "a view's own name for it", script: "SELECT mail FROM roster_names", shows: ann },
  { idea: "an expression in a view", script: "SELECT loud FROM roster", shows: loud },
  { idea: "a star of a view over a view", script: "SELECT * FROM roster_names", shows: ann },
  { idea: "a view's row", script: "SELECT r FROM roster r", shows: ann },
  { idea: "a field of a view's row", script: "SELECT (r).mail FROM roster_names r", shows: ann },
  { idea: "a row stored in a view", script: "SELECT row FROM wholes", shows: "canary-event" },
  { idea: "a field of that row", script: "SELECT (row).email FROM wholes", shows: "canary-event" },
  { idea: "that row taken apart", script: "SELECT (row).* FROM wholes", shows: "canary-event" },
  { idea: "a view's column as JSON", script: "SELECT to_json(r) FROM roster r", shows: ann },
  { idea: "a view of a union", script: "SELECT word FROM every_word", shows: ann },
  { idea: "a view of partitions", script: "SELECT email FROM events_view", shows: "canary-event" },
  { idea: "a view of a child", script: "SELECT email FROM vip_view", shows: "canary-cleo" },
  { idea: "a recursive view", script: "SELECT mail FROM bosses", shows: ann },
  {
    idea: "a view that sorts by it",
    script: "SELECT 'first' || ':' || (SELECT name FROM by_mail LIMIT 1)",
    shows: "first:Ann",
  },
  {
    idea: "a view that chooses by it",
    script: "SELECT 'is' || ':' || name FROM guessed",
    shows: "is:Ann",
  },
  {
    idea: "a guess about a view's column",
    script: "SELECT 'is' || ':' || who FROM roster_names WHERE mail LIKE 'canary-ann%'",
    shows: "is:Ann",
  },
  {
    idea: "a view joined to itself by it",
    script: "SELECT a.loud FROM roster a JOIN roster b ON a.email = b.email WHERE a.id = 1",
    shows: loud,
  },
  {
    idea: "RETURNING of a view",
    script: "UPDATE roster SET city = city WHERE id = 1 RETURNING loud",
    shows: loud,
  },
  {
    idea: "a view's column copied by an update",
    script:
      "UPDATE notes SET body = mail FROM roster_names WHERE no = 1;\nINSERT INTO noted (body) SELECT mail FROM roster_names;\nSELECT body FROM noted",
    shows: ann,
  },
  {
    idea: "laundered through an updatable view",
    script: "UPDATE roster SET name = email WHERE id = 1;\nSELECT name FROM customers WHERE id = 1",
    shows: ann,
  },
  { idea: "COPY of a view", script: "COPY (SELECT * FROM roster) TO STDOUT", shows: ann },
  { idea: "COPY of a materialised view", script: "COPY contacts_copy TO STDOUT", shows: ann },
  {
    idea: "a cursor over a view",
    script: "BEGIN;\nDECLARE v CURSOR FOR SELECT loud FROM roster;\nFETCH 9 FROM v;\nEND",
    shows: loud,
  },
  {
    idea: "a bound parameter and a view",
    script: [{ text: "SELECT mail FROM roster_names WHERE no = $1", values: [1] }],
    shows: ann,
  },
  // Functions.
  { idea: "an atomic function", script: "SELECT mail_atomic(1)", shows: ann },
  { idea: "a table function's column", script: "SELECT mail FROM roster_of('Berlin')", shows: ann },
  { idea: "a table function's row", script: "SELECT r FROM roster_of('Berlin') r", shows: ann },
  {
    idea: "a function that only passes it on",
    script: "SELECT twice(email) FROM customers",
    shows: ann,
  },
  {
    idea: "a function over a function",
    script: "SELECT twice(mail_atomic(id)) FROM customers",
    shows: ann,
  },
  {
    idea: "ROWS FROM",
    script: "SELECT * FROM ROWS FROM (roster_of('Berlin'), generate_series(1, 1)) AS r(a, b, c)",
    shows: ann,
  },
  {
    idea: "a function in LATERAL",
    script: "SELECT r.* FROM (VALUES ('Berlin')) v(c), LATERAL roster_of(v.c) r",
    shows: ann,
  },
  {
    idea: "a guess inside a function's condition",
    script: "SELECT 'is' || ':' || id FROM customers WHERE mail_atomic(id) LIKE 'canary-ann%'",
    shows: "is:1",
  },
  {
    idea: "another customers for the function's body",
    script:
      "CREATE TABLE other.notes (id int, body text);\nSET search_path = other;\nSELECT public.name_of(1);\nSET search_path = public;\nSELECT email_of(1)",
    shows: ann,
  },
  {
    idea: "unnest of two arrays",
    script: "SELECT * FROM unnest(ARRAY[(SELECT email FROM customers WHERE id = 1)], ARRAY[1])",
    shows: ann,
  },
  // More of them.
  ...showing([
    [
      "a view over a function over a table",
      "SELECT (SELECT mail FROM roster_names WHERE no = 1) || '!'",
      `${ann}!`,
    ],
    ["a view joined by USING", "SELECT email FROM roster JOIN customers USING (id, email)", ann],
    ["a view under row locks", "SELECT email FROM roster FOR UPDATE", ann],
    [
      "a view's system column for a guess",
      `SELECT ${tell} FROM roster_names WHERE mail ~ '^canary-a'`,
      told,
    ],
    ["an immutable function that reads", "SELECT fixed_mail(1)", ann],
    ["a table function's column by position", "SELECT b FROM roster_of('Berlin') AS r (a, b)", ann],
    ["a function in the select list, taken apart", "SELECT (roster_of('Berlin')).*", ann],
    ["a function's row as JSON", "SELECT to_json(roster_of('Berlin'))", ann],
    [
      "a function named with its schema, for each row",
      "SELECT pg_catalog.min(public.email_of(id)) FROM public.customers",
      ann,
    ],
    ["a function by a named argument", "SELECT mail FROM roster_of(town => 'Berlin')", ann],
    ["a partition by its parent's row", "SELECT e FROM events e", "canary-event"],
    ["ONLY the child", "SELECT email FROM ONLY customers_vip", "canary-cleo"],
    ["a policy that chooses by it", "SELECT 'row' || ':' || id FROM guarded", "row:1"],
    [
      "rows that an extension's method samples",
      "SELECT email FROM customers TABLESAMPLE system_rows (9)",
      ann,
    ],
    [
      "statistics as one text",
      "SELECT most_common_vals::text || coalesce(histogram_bounds::text, '') FROM pg_stats WHERE tablename = 'teams' AND attname = 'code'",
      "canary-same",
    ],
    [
      "a query as XML with its schema",
      "SELECT query_to_xml_and_xmlschema('SELECT email FROM customers', true, false, '')",
      ann,
    ],
    [
      "a cursor as XML",
      "BEGIN;\nDECLARE x CURSOR FOR SELECT email FROM customers;\nSELECT cursor_to_xml('x', 9, true, false, '');\nEND",
      ann,
    ],
    ["a schema as XML", "SELECT schema_to_xml('public', true, false, '')", ann],
    [
      "the words of a query",
      "SELECT word FROM ts_stat('SELECT to_tsvector(''simple'', email) FROM customers')",
      ann,
    ],
  ]),
];
