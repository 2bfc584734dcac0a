import { ann, showing, type Leak } from "./case.ts";

/** A value that is put somewhere else first. */
export const laundering: readonly Leak[] = [
  {
    idea: "CREATE TABLE AS",
    script:
      "CREATE TABLE loot AS SELECT email AS e FROM customers;\nSELECT e FROM loot;\nDROP TABLE loot",
    shows: ann,
  },
  {
    idea: "SELECT INTO a temporary table",
    script: "SELECT email AS e INTO TEMP loot FROM customers;\nSELECT e FROM loot",
    shows: ann,
  },
  {
    idea: "INSERT … SELECT",
    script: "INSERT INTO notes (body) SELECT email FROM customers;\nSELECT body FROM notes",
    shows: ann,
  },
  {
    idea: "UPDATE … FROM",
    script:
      "INSERT INTO notes (body) VALUES ('x');\nUPDATE notes SET body = email FROM customers c WHERE c.id = 1;\nSELECT body FROM notes",
    shows: ann,
  },
  {
    idea: "another column of the same row",
    script: "UPDATE customers SET city = email WHERE id = 2;\nSELECT city FROM customers",
    shows: "canary-bob",
  },
  {
    idea: "the name of a setting",
    script: "SELECT set_config('my.loot', email, false) FROM customers WHERE id = 1;\nSHOW my.loot",
    shows: ann,
  },
  {
    idea: "application_name",
    script:
      "SELECT set_config('application_name', email, false) FROM customers WHERE id = 1;\nSHOW application_name",
    shows: ann,
  },
  {
    idea: "pg_notify",
    script: "LISTEN loot;\nSELECT pg_notify('loot', email) FROM customers WHERE id = 1;\nSELECT 1",
    shows: ann,
  },
  {
    idea: "a large object",
    script:
      "SELECT lo_from_bytea(424242, email::bytea) FROM customers WHERE id = 1;\nSELECT convert_from(lo_get(424242), 'UTF8')",
    shows: ann,
  },
  {
    idea: "MERGE",
    script:
      "MERGE INTO notes n USING customers c ON false WHEN NOT MATCHED THEN INSERT (body) VALUES (c.email);\nSELECT body FROM notes",
    shows: ann,
  },
  {
    idea: "ON CONFLICT DO UPDATE",
    script:
      "INSERT INTO notes (id, body) VALUES (900, 'x');\nINSERT INTO notes (id, body) SELECT 900, email FROM customers WHERE id = 1 ON CONFLICT (id) DO UPDATE SET body = excluded.body;\nSELECT body FROM notes",
    shows: ann,
  },
  // What writes give back.
  {
    idea: "UPDATE … RETURNING",
    script: "UPDATE customers SET city = city RETURNING email",
    shows: ann,
  },
  {
    idea: "UPDATE … RETURNING *",
    script: "UPDATE customers SET city = city RETURNING *",
    shows: ann,
  },
  {
    idea: "INSERT … RETURNING a subquery",
    script:
      "INSERT INTO notes (body) VALUES ('x') RETURNING (SELECT email FROM customers WHERE id = 1)",
    shows: ann,
  },
  {
    idea: "a writing CTE",
    script: "WITH u AS (UPDATE customers SET city = city RETURNING email) SELECT * FROM u",
    shows: ann,
  },
  {
    idea: "DELETE … RETURNING, taken back",
    script:
      "BEGIN;\nDELETE FROM orders USING customers c WHERE c.id = customer_id RETURNING c.email;\nROLLBACK",
    shows: ann,
  },
  {
    idea: "RETURNING old and new",
    script: "BEGIN;\nUPDATE customers SET city = 'x' WHERE id = 1 RETURNING old.email;\nROLLBACK",
    shows: ann,
  },
  // More places.
  ...showing([
    [
      "a setting of one's own, read in the same statement",
      "SELECT set_config('my.place', email, false) IS NULL, current_setting('my.place', true) FROM customers WHERE id = 1",
      ann,
    ],
    [
      "a sequence",
      "SELECT setval('notes_id_seq', salary) FROM pay WHERE id = 1;\nSELECT 'is' || ':' || last_value FROM notes_id_seq",
      "is:4321",
    ],
    [
      "a sequence that counts what is guessed",
      "SELECT CASE WHEN vip THEN nextval('notes_id_seq') END FROM pay;\nSELECT 'is' || ':' || last_value FROM notes_id_seq",
      "is:1",
    ],
    [
      "a notification",
      "LISTEN here;\nSELECT pg_notify('here', email) FROM customers WHERE id = 1",
      ann,
    ],
    [
      "an advisory lock",
      "SELECT pg_advisory_lock(salary) FROM pay WHERE id = 1;\nSELECT 'is' || ':' || objid FROM pg_locks WHERE locktype = 'advisory'",
      "is:4321",
    ],
    [
      "the place in an array where it is put",
      "UPDATE slots SET s[p.salary] = 'x' FROM pay p WHERE p.id = 1;\nSELECT 'is' || array_dims(s) FROM slots",
      "is[4321:4321]",
    ],
    [
      "a row of a subquery assigned",
      "INSERT INTO notes (body) VALUES ('x');\nUPDATE notes SET (body, number) = (SELECT email, id FROM customers WHERE id = 1);\nSELECT body FROM notes",
      ann,
    ],
    [
      "excluded, whose source it is",
      "INSERT INTO notes (id, body) VALUES (1, 'x');\nINSERT INTO notes (id, body) SELECT 1, email FROM customers WHERE id = 1 ON CONFLICT (id) DO UPDATE SET body = notes.body || excluded.body WHERE length(excluded.body) > 1 RETURNING body",
      ann,
    ],
    [
      "a write inside a CTE",
      "WITH w AS (INSERT INTO notes (body) SELECT email FROM customers) SELECT 1;\nSELECT body FROM notes",
      ann,
    ],
    [
      "a function that keeps it",
      "SELECT there(code) FROM pay;\nSELECT 'kept' || ':' || count(*) FROM notes",
      "kept:1",
    ],
    [
      "a plain child of the table",
      "CREATE TABLE kid () INHERITS (customers);\nINSERT INTO kid SELECT * FROM ONLY customers;\nSELECT email FROM kid",
      ann,
    ],
    [
      "a copy with all its makings",
      "CREATE TABLE twin (LIKE customers INCLUDING ALL);\nINSERT INTO twin SELECT * FROM ONLY customers;\nSELECT email FROM twin",
      ann,
    ],
    [
      "a table's default, rolled back",
      "BEGIN;\nCREATE TABLE loot AS SELECT email FROM customers;\nTABLE loot;\nROLLBACK",
      ann,
    ],
    [
      "a materialised view that is filled later",
      "CREATE MATERIALIZED VIEW later AS SELECT email FROM customers WITH NO DATA;\nREFRESH MATERIALIZED VIEW later;\nTABLE later",
      ann,
    ],
    [
      "the manager's key",
      "UPDATE customers SET name = (SELECT code FROM teams WHERE id = 1) WHERE id = 1;\nSELECT name FROM customers WHERE id = 1",
      "canary-same",
    ],
  ]),
];
