import { ann, backwards, showing, type Leak } from "./case.ts";

/** What errors, notices and plans tell. */
export const errors: readonly Leak[] = [
  { idea: "a failing cast", script: "SELECT email::integer FROM customers", shows: ann },
  {
    idea: "a failing cast in WHERE",
    script: "SELECT id FROM customers WHERE email::integer = 1",
    shows: ann,
  },
  {
    idea: "a division by its length",
    script: "SELECT 1 / (length(email) - 25) FROM customers WHERE id = 1",
    shows: "division by zero",
  },
  {
    idea: "a failing check names the row",
    script: "UPDATE customers SET balance = -1 WHERE id = 1",
    shows: ann,
  },
  {
    idea: "NOT NULL names the row",
    script: "UPDATE customers SET name = NULL WHERE id = 1",
    shows: ann,
  },
  {
    idea: "a duplicate names the key",
    script:
      "INSERT INTO customers (id, name, email) SELECT 77, 'x', email FROM customers WHERE id = 1",
    shows: ann,
  },
  {
    idea: "a notice of a function",
    script: "SELECT shout(email) FROM customers",
    shows: backwards,
  },
  {
    idea: "a notice of an operator",
    script: "SELECT id FROM customers WHERE email === 'x'",
    shows: backwards,
  },
  {
    idea: "a notice of a domain's check",
    script: "SELECT email::telling FROM customers",
    shows: backwards,
  },
  {
    idea: "an operator of one's own under a usual name",
    script:
      "CREATE OPERATOR public.= (LEFTARG = text, RIGHTARG = text, FUNCTION = public.same);\nSET search_path = public, pg_catalog;\nSELECT id FROM customers WHERE email = 'x';\nDROP OPERATOR public.= (text, text)",
    shows: backwards,
  },
  {
    idea: "EXPLAIN ANALYZE counts",
    script:
      "EXPLAIN (ANALYZE, COSTS OFF, TIMING OFF, SUMMARY OFF) SELECT id FROM customers WHERE email LIKE 'canary-a%' LIMIT 3",
    shows: "rows=1",
  },
  {
    idea: "a DO block",
    script:
      "DO $$ DECLARE e text; BEGIN SELECT reverse(email) INTO e FROM customers WHERE id = 1; RAISE NOTICE '%', e; END $$",
    shows: backwards,
  },
  {
    idea: "dblink-like dynamic SQL",
    script:
      "SELECT * FROM xmltable('/table/row' PASSING query_to_xml('SELECT email FROM customers', false, false, '') COLUMNS email text)",
    shows: ann,
  },
  // More of them.
  ...showing([
    [
      "a boolean that saves from an error",
      "SELECT vip OR 1 / (id - id) = 1 FROM pay WHERE id = 2",
      "division by zero",
    ],
    [
      "a CASE that fails",
      "SELECT CASE WHEN vip THEN 1 / (id - id) ELSE 0 END FROM pay WHERE id = 1",
      "division by zero",
    ],
    [
      "a COALESCE that fails",
      "SELECT COALESCE(length(code), 1 / (id - 2)) FROM pay WHERE id = 2",
      "division by zero",
    ],
    [
      "a sum that is too large",
      "SELECT sum(x) FROM (SELECT amount AS x FROM pay WHERE id = 1 UNION ALL SELECT ('9' || repeat('9', 131071))::numeric - 4320) s",
      "overflows",
    ],
    [
      "a sum that is too large for its kind",
      "SELECT sum(x) FROM (SELECT rate AS x FROM pay UNION ALL SELECT 1.79e308 UNION ALL SELECT 1.79e308) s",
      "out of range",
    ],
    [
      "an average that is too large",
      "SELECT avg(x) FROM (SELECT bonus AS x FROM pay WHERE id = 1 UNION ALL SELECT '2147483647 days') s",
      "out of range",
    ],
    [
      "arrays that do not fit together",
      "SELECT ARRAY[tags, ARRAY['x', 'y']] FROM pay WHERE id = 1",
      "matching dimensions",
    ],
    [
      "arrays that cannot be gathered",
      "SELECT array_agg(t) FROM (SELECT tags AS t FROM pay WHERE id = 1 UNION ALL SELECT ARRAY['x', 'y']) s",
      "different dimensionality",
    ],
    [
      "arrays of a subquery",
      "SELECT ARRAY(SELECT tags FROM pay ORDER BY id)",
      "different dimensionality",
    ],
    [
      "arrays put one behind the other",
      "SELECT tags || ARRAY[['x', 'y']] FROM pay WHERE id = 1",
      "incompatible arrays",
    ],
    [
      "a text that is too long by its length",
      "SELECT repeat('xxxxxxxxxx', salary * 100000) FROM pay WHERE id = 1",
      "requested length too large",
    ],
    ["a date that is not one", "SELECT email::date FROM customers WHERE id = 1", ann],
    [
      "a document that is not one",
      "SELECT email::jsonb FROM customers WHERE id = 1",
      'Token "canary"',
    ],
    [
      "a document's member as a number",
      "SELECT JSON_VALUE(doc, '$.k' RETURNING integer ERROR ON ERROR) FROM pay WHERE id = 1",
      "canary-doc",
    ],
    [
      "a regular expression that is not one",
      "SELECT 'x' ~ ('(' || code) FROM pay WHERE id = 1",
      "invalid regular expression",
    ],
    ["a name of a relation", "SELECT email::regclass FROM customers WHERE id = 1", "canary-ann"],
    [
      "a name of a time zone",
      "SELECT now() AT TIME ZONE code FROM pay WHERE id = 1",
      "canary-code",
    ],
    [
      "a picture of a number",
      "SELECT to_number(code, '999') FROM pay WHERE id = 1",
      "invalid input",
    ],
    ["an encoding's name", "SELECT convert_from('x', code) FROM pay WHERE id = 1", "canary-code"],
    [
      "a subscript that is too large",
      "SELECT array_fill(1, ARRAY[salary * 100000]) FROM pay WHERE id = 1",
      "exceeds the maximum",
    ],
    [
      "a foreign key that refuses",
      "INSERT INTO wearers VALUES (1, 'canary-' || 'badge');\nDELETE FROM badges",
      "(canary-badge)",
    ],
    [
      "a foreign key that is met",
      "INSERT INTO wearers SELECT 1, code FROM badges RETURNING code",
      "canary-badge",
    ],
    ["a key that is taken", "INSERT INTO badges VALUES ('canary-' || 'badge')", "(canary-badge)"],
    [
      "a value too long for its column",
      "CREATE TABLE short (v varchar(3));\nINSERT INTO short SELECT code FROM pay WHERE id = 1",
      "value too long",
    ],
    ["the width of what a plan reads", "EXPLAIN SELECT code FROM badges", "width=13"],
    ["what a plan computed at once", "EXPLAIN (VERBOSE, COSTS OFF) SELECT fixed_mail(1)", ann],
    [
      "how large a result is",
      "EXPLAIN (ANALYZE, SERIALIZE, COSTS OFF, TIMING OFF, SUMMARY OFF, BUFFERS OFF) SELECT repeat('x', salary) FROM pay WHERE id = 1",
      "output=5kB",
    ],
    [
      "how much a plan keeps",
      "EXPLAIN (ANALYZE, COSTS OFF, TIMING OFF, SUMMARY OFF, BUFFERS OFF) WITH s AS MATERIALIZED (SELECT code || code FROM badges) SELECT count(*) FROM s",
      "Maximum Storage",
    ],
    ["a plan in JSON", "EXPLAIN (FORMAT json) SELECT code FROM badges", '"Plan Width": 13'],
    [
      "a notice of an aggregate's order",
      "SELECT string_agg(shout(email), ',') FROM customers WHERE id = 1",
      backwards,
    ],
  ]),
  // Answers by SQLSTATE: what says nothing but that it failed.
  ...showing(
    (
      [
        [
          "a width that is read from a value",
          "SELECT format('%*s', card_number, '') FROM customers WHERE id = 1",
          "22003",
        ],
        ["an identifier that is null", "SELECT format('%I', code) FROM pay WHERE id = 2", "22004"],
        [
          "fewer elements than a picture wants",
          "SELECT format('%s%s', VARIADIC tags) FROM pay WHERE id = 2",
          "22023",
        ],
        [
          "a length that a function checks",
          "SELECT bpchar(ltrim(code, 'k')::bpchar, 9, false) FROM pay WHERE id = 1",
          "22001",
        ],
        [
          "the same by the other type's name",
          `SELECT "varchar"(c.email, 24, false) FROM customers c ORDER BY c.id LIMIT 1`,
          "22001",
        ],
        ["a precision that is too small", "SELECT salary::numeric(3) FROM pay", "22003"],
        [
          "a picture that multiplies",
          "SELECT to_char(salary::bigint, '9V999999999999999999') FROM pay",
          "22003",
        ],
        [
          "part 0 of what is not null",
          "SELECT split_part(code, '-', 0) FROM pay WHERE id = 1",
          "22023",
        ],
        [
          "a negative length of what is not null",
          "SELECT substr(code, 1, -1) FROM pay WHERE id = 1 AND name = 'Ann'",
          "22011",
        ],
        [
          "a unit that is none, of what is not null",
          "SELECT date_trunc('no such', hired) FROM pay",
          "22023",
        ],
        [
          "COALESCE over a column that a subquery would compute",
          "SELECT COALESCE(length(p.code), s.x) FROM pay p, (SELECT 1 / n AS x FROM generate_series(0, 0) n) s WHERE p.id = 2",
          "22012",
        ],
      ] as const
    ).map(
      ([idea, text, sqlstate]) =>
        [idea, `${text};\n\\echo state: :SQLSTATE`, `state: ${sqlstate}`] as const,
    ),
  ),
  ...showing([
    [
      "how much of a row the log takes",
      "BEGIN;\nEXPLAIN (ANALYZE, WAL, COSTS OFF, TIMING OFF, SUMMARY OFF, BUFFERS OFF) UPDATE pay SET name = name;\nROLLBACK",
      "WAL: records=",
    ],
  ]),
];
