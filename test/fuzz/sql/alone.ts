import type { Making } from "./making.ts";
import { piece, type Piece } from "./piece.ts";

/**
 * Statements in which one thing alone depends on a classified column, and shows nothing of it otherwise: a condition that
 * is the column, an order, a group, an error behind a choice. Larger statements ask for a column in so many ways that
 * a missing one is not seen. `$text`, `$bool` … are classified columns of `p`, `$from` has `p`.
 */
const ideas: readonly (readonly [idea: string, templates: readonly string[]])[] = [
  [
    "condition",
    [
      "SELECT p.id, p.name FROM $from WHERE $bool",
      "SELECT count(*) FROM $from LEFT JOIN notes n ON $bool",
      "SELECT n.id FROM notes n WHERE (SELECT bool_and($bool) FROM $from)",
      "SELECT p.city FROM $from GROUP BY p.city HAVING bool_or($bool)",
      "UPDATE people p SET city = 'x' WHERE $bool",
      "DELETE FROM people p WHERE $bool",
    ],
  ],
  [
    "sort",
    [
      "SELECT p.id FROM $from ORDER BY $any",
      "SELECT p.name FROM $from ORDER BY $any DESC LIMIT 1",
      "SELECT array_agg(q.id) FROM (SELECT p.id FROM $from ORDER BY $any NULLS FIRST LIMIT 2) q",
    ],
  ],
  [
    "group",
    [
      "SELECT count(*) FROM $from GROUP BY $any",
      "SELECT max(p.id) FROM $from GROUP BY GROUPING SETS (($any), ())",
      "SELECT 1 FROM $from GROUP BY ROLLUP ($any)",
    ],
  ],
  [
    "distinct",
    [
      "SELECT count(*) FROM (SELECT DISTINCT $any FROM $from) q",
      "SELECT DISTINCT ON ($any) p.id FROM $from",
      "SELECT count(*) FROM (SELECT ($text)::text FROM $from UNION SELECT 'cuckoodeed1') q",
      "SELECT count(*) FROM (SELECT ($text)::text FROM $from EXCEPT SELECT d.secret FROM deeds d) q",
    ],
  ],
  [
    "window",
    [
      "SELECT p.id, row_number() OVER (ORDER BY $any) FROM $from",
      "SELECT p.name, count(*) OVER w FROM $from WINDOW w AS (PARTITION BY $any)",
    ],
  ],
  [
    "aggregate",
    [
      "SELECT sum(10 / (p.id - 1)) FILTER (WHERE $bool) FROM $from",
      "SELECT max(10 / (p.id - 2)) FILTER (WHERE $bool) OVER () FROM $from",
    ],
  ],
  [
    "comparison",
    ["SELECT $int + 1 FROM $from", "SELECT 100 / $int FROM $from", "SELECT -$int FROM $from"],
  ],
  [
    "call",
    [
      "SELECT sqrt($num) FROM $from",
      "SELECT p.id, unnest($texts) FROM $from",
      "SELECT p.id FROM $from, unnest($texts) u",
      "SELECT to_date($text, 'YYYY') FROM $from",
      "SELECT jsonb_array_length($json) FROM $from",
      "SELECT 1, jsonb_object_keys($json) FROM $from",
    ],
  ],
  [
    "cast",
    [
      "SELECT ($text)::int FROM $from",
      "SELECT CAST($num AS int) FROM $from",
      "SELECT ($int)::int2 FROM $from",
      "SELECT ($json)::numeric FROM $from",
    ],
  ],
  [
    "case",
    [
      "SELECT CASE WHEN $bool THEN 10 / (p.id - 1) END FROM $from",
      "SELECT CASE WHEN $bool THEN 0 ELSE 10 / (p.id - 2) END FROM $from",
      "SELECT coalesce($int, 10 / (p.id - 1)) FROM $from",
    ],
  ],
  [
    "boolean",
    [
      "SELECT $bool OR 10 / (p.id - 1) > 0 FROM $from",
      "SELECT $bool AND 10 / (p.id - 2) > 0 FROM $from",
      "SELECT ($any IS NULL) OR 10 / (p.id - 1) > 0 FROM $from",
    ],
  ],
  [
    "limit",
    [
      "SELECT n.id FROM notes n LIMIT (SELECT $int FROM $from WHERE p.id = 1)",
      "SELECT n.body FROM notes n OFFSET (SELECT $int FROM $from WHERE p.id = 2)",
    ],
  ],
  [
    "array",
    [
      "SELECT ARRAY[$texts, ARRAY['a', 'b']] FROM $from WHERE p.id = 1",
      "SELECT ARRAY[$texts, '{a}'] FROM $from",
    ],
  ],
  [
    "document",
    [
      "SELECT p.id FROM $from, JSON_TABLE($json, '$.n[*]' COLUMNS (c int PATH '$')) t",
      "SELECT JSON_VALUE($json, 'strict $.k' ERROR ON ERROR) FROM $from",
      "SELECT JSON_OBJECT($text: 1) FROM $from",
    ],
  ],
  [
    "store",
    [
      "INSERT INTO notes (id, body) SELECT p.id + 10, $text FROM $from",
      "UPDATE notes SET body = (SELECT max(($text)::text) FROM $from)",
      "CREATE TABLE made AS SELECT ($text)::text AS body FROM $from",
    ],
  ],
  [
    "view",
    [
      "SELECT c.$card FROM cards c",
      "SELECT (w.one).email FROM wholes w",
      "SELECT m.$card2 FROM mirror m",
    ],
  ],
  [
    "body",
    [
      "SELECT mail_of($id)",
      "SELECT exact($id)",
      "SELECT s.who, s.what FROM rows_of('Ulm') s",
      "SELECT e.email FROM everyone() e",
    ],
  ],
  [
    "returned",
    [
      "UPDATE people p SET name = $text RETURNING p.name",
      "UPDATE people p SET city = $text WHERE p.id = $id RETURNING *",
      "INSERT INTO notes AS t (id, body) SELECT p.id + 20, $text FROM $from RETURNING t.body",
    ],
  ],
  ["generated", ["SELECT p.loud FROM people p", "SELECT max(p.loud) FROM people p"]],
  [
    "merge",
    [
      "MERGE INTO notes t USING people p ON t.id = p.id WHEN MATCHED AND $bool THEN UPDATE SET body = 'hit'",
      "MERGE INTO notes t USING people p ON t.id = p.id WHEN MATCHED AND $bool THEN DELETE",
      "MERGE INTO notes t USING people p ON false WHEN NOT MATCHED AND $bool THEN INSERT (id) VALUES (p.id + 30)",
    ],
  ],
  [
    "conflict",
    [
      "INSERT INTO notes AS t (id, body) VALUES (1, 'x') ON CONFLICT (id) DO UPDATE SET body = 'hit' WHERE (SELECT $bool FROM $from WHERE p.id = $id)",
      "INSERT INTO people AS p (id) VALUES ($id) ON CONFLICT (id) DO UPDATE SET city = 'hit' WHERE $bool",
    ],
  ],
  [
    "children",
    [
      "SELECT a.act FROM acts a",
      "SELECT a FROM acts a",
      "COPY (SELECT a.act FROM acts a) TO STDOUT",
    ],
  ],
];

const columns: Readonly<Record<string, readonly string[]>> = {
  text: ["p.email", "p.code"],
  int: ["p.rate"],
  num: ["p.pay"],
  bool: ["p.vip"],
  json: ["p.doc"],
  texts: ["p.tags"],
  any: ["p.email", "p.code", "p.rate", "p.pay", "p.born", "p.seen", "p.mood", "p.vip"],
  from: [
    "people p",
    "people p",
    "mirror p",
    "(SELECT * FROM people) p",
    "(TABLE mirror) AS p",
    "sales s JOIN people p ON s.person = p.id",
  ],
  card: ["mail", "code", "quiet", "pay"],
  card2: ["email", "code", "pay", "home"],
  id: ["1", "2"],
};

const hole = /\$(from|texts|text|int|num|bool|json|any|card2|card|id)(?![a-z0-9])/;

export function alone(making: Making): Piece {
  const [idea, templates] = making.of(ideas);
  const text = making
    .of(templates)
    .split(hole)
    .map((part, at) => (at % 2 === 0 ? part : making.of(columns[part] ?? [part])))
    .join("");
  return piece("statement", `alone: ${idea}`)`${text}`;
}
