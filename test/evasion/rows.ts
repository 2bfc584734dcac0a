import { ann, showing, type Leak } from "./case.ts";

/** Rows as wholes, taken apart, and made into documents. */
export const rows: readonly Leak[] = [
  // Rows as wholes.
  { idea: "the whole row", script: "SELECT customers FROM customers", shows: ann },
  { idea: "the whole row as text", script: "SELECT customers::text FROM customers", shows: ann },
  { idea: "a field of the whole row", script: "SELECT (c).email FROM customers c", shows: ann },
  { idea: "row_to_json", script: "SELECT row_to_json(c) FROM customers c", shows: ann },
  {
    idea: "to_jsonb of a star",
    script: "SELECT to_jsonb(x) FROM (SELECT * FROM customers) x",
    shows: ann,
  },
  { idea: "json_agg", script: "SELECT json_agg(c) FROM customers c", shows: ann },
  { idea: "ROW()", script: "SELECT ROW(id, email) FROM customers", shows: ann },
  {
    idea: "a cast to a composite type",
    script: "SELECT (ROW(id, email)::contact).email FROM customers",
    shows: ann,
  },
  { idea: "an array of it", script: "SELECT ARRAY(SELECT email FROM customers)", shows: ann },
  { idea: "array_agg", script: "SELECT array_agg(email) FROM customers", shows: ann },
  { idea: "string_agg", script: "SELECT string_agg(email, '; ') FROM customers", shows: ann },
  { idea: "xmlforest", script: "SELECT xmlforest(email) FROM customers", shows: ann },
  {
    idea: "query_to_xml",
    script: "SELECT query_to_xml('SELECT email FROM customers', true, false, '')",
    shows: ann,
  },
  { idea: "table_to_xml", script: "SELECT table_to_xml('customers', true, false, '')", shows: ann },
  {
    idea: "jsonb_object_agg",
    script: "SELECT jsonb_object_agg(id, email) FROM customers",
    shows: ann,
  },
  { idea: "format", script: "SELECT format('%s', email) FROM customers", shows: ann },
  { idea: "concat with a whole row", script: "SELECT concat(c) FROM customers c", shows: ann },
  // Constructors.
  { idea: "a row taken apart", script: "SELECT (c).* FROM customers c", shows: ann },
  { idea: "a column called as a function", script: "SELECT email(c) FROM customers c", shows: ann },
  { idea: "JSON_OBJECT", script: "SELECT JSON_OBJECT('e': email) FROM customers", shows: ann },
  {
    idea: "JSON_ARRAY of a query",
    script: "SELECT JSON_ARRAY(SELECT email FROM customers)",
    shows: ann,
  },
  { idea: "JSON_ARRAYAGG", script: "SELECT JSON_ARRAYAGG(email) FROM customers", shows: ann },
  { idea: "JSON_OBJECTAGG", script: "SELECT JSON_OBJECTAGG(email: id) FROM customers", shows: ann },
  { idea: "JSON_SCALAR", script: "SELECT JSON_SCALAR(email) FROM customers", shows: ann },
  {
    idea: "JSON_VALUE",
    script: "SELECT JSON_VALUE(to_jsonb(c), '$.email') FROM customers c",
    shows: ann,
  },
  {
    idea: "JSON_TABLE",
    script:
      "SELECT t.e FROM customers c, JSON_TABLE(to_jsonb(c), '$' COLUMNS (e text PATH '$.email')) t",
    shows: ann,
  },
  {
    idea: "xmlelement",
    script: "SELECT xmlelement(NAME x, xmlattributes(email AS e)) FROM customers",
    shows: ann,
  },
  {
    idea: "XMLTABLE",
    script:
      "SELECT x.e FROM customers c, XMLTABLE('/r' PASSING xmlelement(NAME r, c.email) COLUMNS e text PATH '.') x",
    shows: ann,
  },
  {
    idea: "ORDER BY … USING",
    script: "SELECT 'first' || ':' || name FROM customers ORDER BY email USING < LIMIT 1",
    shows: "first:Ann",
  },
  {
    idea: "stored in a part of a document",
    script:
      "ALTER TABLE notes ADD COLUMN doc jsonb;\nUPDATE notes SET doc['k'] = to_jsonb(email) FROM customers;\nINSERT INTO notes (doc) SELECT to_jsonb(email) FROM customers;\nSELECT doc FROM notes",
    shows: ann,
  },
  // More wholes.
  ...showing([
    ["a star cast as a whole", "SELECT (c.*)::text FROM customers c", ann],
    ["a field of an array of rows", "SELECT (array_agg(c))[1].email FROM customers c", ann],
    [
      "a field of a subquery's row",
      "SELECT (SELECT c FROM customers c ORDER BY id LIMIT 1).email",
      ann,
    ],
    ["a row within a row", "SELECT ((x).r).email FROM (SELECT c AS r FROM customers c) x", ann],
    ["the row of a join", "SELECT j FROM (customers CROSS JOIN (SELECT 1) one) j", ann],
    ["the row of a CTE", "WITH s AS (SELECT email FROM customers) SELECT s FROM s", ann],
    ["the row of a subquery", "SELECT s FROM (SELECT email FROM customers) s", ann],
    [
      "the row of VALUES",
      "SELECT v FROM (VALUES ((SELECT email FROM customers WHERE id = 1))) v",
      ann,
    ],
    ["a row compared with itself, and shown", "SELECT greatest(c::text, '') FROM customers c", ann],
    ["a document's field by a subscript", "SELECT (to_jsonb(c))['email'] FROM customers c", ann],
    ["a path in an aggregate", "SELECT jsonb_agg(c) #>> '{0,email}' FROM customers c", ann],
    [
      "every field of a row",
      "SELECT j.value FROM customers c, jsonb_each_text(to_jsonb(c)) j",
      ann,
    ],
    [
      "a record made of a document",
      "SELECT r.email FROM customers c, jsonb_to_record(to_jsonb(c)) AS r (email text)",
      ann,
    ],
    ["jsonb_path_query", "SELECT jsonb_path_query(to_jsonb(c), '$.email') FROM customers c", ann],
    [
      "json_build_object with VARIADIC",
      "SELECT json_build_object(VARIADIC ARRAY['e', email]) FROM customers",
      ann,
    ],
    ["array_to_json", "SELECT array_to_json(array_agg(email)) FROM customers", ann],
    ["jsonb_set", "SELECT jsonb_set('{}', '{e}', to_jsonb(email)) FROM customers", ann],
    ["jsonb_pretty", "SELECT jsonb_pretty(doc) FROM pay", "canary-doc"],
    ["jsonb concatenated", "SELECT doc || '{}'::jsonb FROM pay", "canary-doc"],
    ["a document without a key", "SELECT doc - 'n' FROM pay", "canary-doc"],
    ["the fields of a document", "SELECT value FROM pay, jsonb_each(doc)", "canary-doc"],
    ["JSON_QUERY", "SELECT JSON_QUERY(doc, '$.k') FROM pay", "canary-doc"],
    ["JSON_SERIALIZE", "SELECT JSON_SERIALIZE(to_json(code)) FROM pay", "canary-code"],
    ["xmlconcat", "SELECT xmlconcat(xmlelement(NAME a, email)) FROM customers", ann],
    ["xmlagg", "SELECT xmlagg(xmlelement(NAME a, email)) FROM customers", ann],
    ["xpath over a row", "SELECT xpath('/e/text()', xmlforest(email AS e)) FROM customers", ann],
    ["words of a text search", "SELECT to_tsvector('simple', code) FROM pay", "'canary-code'"],
    ["ts_headline", "SELECT ts_headline(code, to_tsquery('canary')) FROM pay", "</b>"],
  ]),
];
