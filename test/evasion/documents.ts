import { ann, told, tell, showing, working, type Control, type Leak } from "./case.ts";

/** Documents of which only some paths are classified: the rest of them is nobody's secret. */
export const documents: readonly Leak[] = showing([
  ["a whole document", "SELECT doc FROM tickets WHERE id = 1", ann],
  ["a whole document of type json", "SELECT raw FROM tickets ORDER BY id LIMIT 1", ann],
  ["what a path lies in", "SELECT doc -> 'customer' FROM tickets", ann],
  ["the value at a path", "SELECT doc -> 'customer' ->> 'email' FROM tickets", ann],
  ["the value by a path of steps", "SELECT doc #> '{customer,email}' FROM tickets", ann],
  [
    "a step into every element's member",
    "SELECT raw #>> '{items,1,code}' FROM tickets",
    "canary-two",
  ],
  [
    "a path that is put together",
    "SELECT doc #> ARRAY['customer', 'e' || 'mail'] FROM tickets",
    ann,
  ],
  ["a step that is computed", "SELECT doc -> NULLIF('customer', '') FROM tickets", ann],
  [
    "an element counted from the end",
    "SELECT doc -> 'items' -> -1 ->> 'code' FROM tickets",
    "canary-two",
  ],
  [
    "a path in its own language",
    "SELECT jsonb_path_query(doc, '$.customer.email') FROM tickets",
    ann,
  ],
  [
    "a path to any depth",
    "SELECT jsonb_path_query_array(doc, '$.**.code') FROM tickets",
    "canary-one",
  ],
  [
    "a path by the members' names",
    `SELECT jsonb_path_query_first(doc, '$.customer.keyvalue() ? (@.key == $k).value', '{"k": "email"}') FROM tickets`,
    ann,
  ],
  ["each member", "SELECT e.value FROM tickets, jsonb_each(doc -> 'customer') e", ann],
  [
    "each member as text, in the select list",
    "SELECT (json_each_text(raw)).value FROM tickets",
    "canary-one",
  ],
  [
    "whether the member is there, by its name",
    "SELECT 'key' || ':' || k FROM tickets, jsonb_object_keys(doc -> 'customer') k",
    "key:email",
  ],
  [
    "a document as a row of a type",
    "SELECT p.email FROM tickets, jsonb_populate_record(NULL::buyer, doc -> 'customer') p",
    ann,
  ],
  [
    "a field of a document as a row",
    "SELECT (json_populate_record(NULL::buyer, raw -> 'customer')).email FROM tickets",
    ann,
  ],
  [
    "rows of a document's array",
    "SELECT r.code FROM tickets, jsonb_to_recordset(doc -> 'items') AS r (sku text, code text)",
    "canary-one",
  ],
  [
    "elements of a document's array",
    "SELECT jsonb_array_elements(doc -> 'items') ->> 'code' FROM tickets",
    "canary-one",
  ],
  [
    "how many elements have a secret",
    "SELECT 'items' || ':' || jsonb_array_length(doc -> 'items') FROM tickets WHERE id = 1",
    "items:2",
  ],
  ["a document with nothing added", "SELECT doc || '{}'::jsonb FROM tickets", ann],
  ["a document without other members", "SELECT doc - 'no' - 'items' FROM tickets", ann],
  ["a document without another path", "SELECT doc #- '{customer,name}' FROM tickets", ann],
  [
    "moved to where no path leads",
    "SELECT jsonb_set(doc, '{status}', doc #> '{customer,email}') ->> 'status' FROM tickets",
    ann,
  ],
  [
    "inserted where no path leads",
    `SELECT jsonb_insert('{"x": []}', '{x,0}', doc -> 'customer') #>> '{x,0,email}' FROM tickets`,
    ann,
  ],
  [
    "built anew under another name",
    "SELECT jsonb_build_object('mail', doc #> '{customer,email}') ->> 'mail' FROM tickets",
    ann,
  ],
  ["a document without nulls", "SELECT jsonb_strip_nulls(doc) FROM tickets", ann],
  ["a document of the row", "SELECT to_jsonb(t) #>> '{doc,customer,email}' FROM tickets t", ann],
  ["the row that holds a document", "SELECT t FROM tickets t WHERE id < 2", ann],
  [
    "a guess at a member",
    `SELECT ${tell} FROM tickets WHERE doc @> jsonb_build_object('customer', jsonb_build_object('email', 'canary-ann@secret.' || 'example'))`,
    told,
  ],
  [
    "a guess that holds the member",
    `SELECT ${tell} FROM tickets WHERE doc -> 'customer' <@ ('{"name": "Ann", "email": "canary-' || 'ann@secret.example"}')::jsonb`,
    told,
  ],
  [
    "a condition at a path",
    `SELECT ${tell} FROM tickets WHERE doc @? '$.customer.email ? (@ starts with "canary-a")'`,
    told,
  ],
  [
    "a condition as a path",
    `SELECT ${tell} FROM tickets WHERE doc @@ '$.customer.email starts with "canary-a"'`,
    told,
  ],
  [
    "a path's condition in the select list",
    `SELECT 'is' || ':' || jsonb_path_match(doc, 'exists($.items[*] ? (@.code == $c))', jsonb_build_object('c', 'canary-' || 'two')) FROM tickets WHERE id = 1`,
    "is:true",
  ],
  [
    "whether the member is there",
    `SELECT ${tell} FROM tickets WHERE doc -> 'customer' ? 'email'`,
    told,
  ],
  [
    "whether one of the members is there",
    `SELECT ${tell} FROM tickets WHERE doc -> 'customer' ?| ARRAY['x', 'email']`,
    told,
  ],
  [
    "a path that exists",
    `SELECT ${tell} FROM tickets WHERE jsonb_path_exists(doc, '$.items[*] ? (@.code like_regex "two$")')`,
    told,
  ],
  ["subscripts to a path", "SELECT doc['customer']['email'] FROM tickets", ann],
  [
    "a subscript that is computed",
    "SELECT doc['items'][length('')]['code'] FROM tickets",
    "canary-one",
  ],
  [
    "a document as a table",
    "SELECT j.e FROM tickets, JSON_TABLE(doc, '$.items[*]' COLUMNS (e text PATH '$.code')) j",
    "canary-one",
  ],
  [
    "a document as nested tables",
    "SELECT j.* FROM tickets, JSON_TABLE(doc, '$' COLUMNS (n text PATH '$.customer.name', NESTED PATH '$.items[*]' COLUMNS (c text PATH '$.code'))) j",
    "canary-one",
  ],
  [
    "JSON_VALUE of a path",
    "SELECT JSON_VALUE(doc, '$.customer.email' DEFAULT 'x' ON ERROR) FROM tickets",
    ann,
  ],
  [
    "JSON_QUERY of several paths",
    "SELECT JSON_QUERY(raw::jsonb, '$.items[*].code' WITH WRAPPER) FROM tickets",
    "canary-one",
  ],
  [
    "JSON_EXISTS at a path",
    `SELECT ${tell} FROM tickets WHERE JSON_EXISTS(doc, '$.customer.email ? (@ == $g)' PASSING 'canary-ann@secret.' || 'example' AS g)`,
    told,
  ],
  ["a document as text", "SELECT doc::text FROM tickets", ann],
  [
    "a piece of a document's text",
    `SELECT substring(raw::text FROM 'email": "(.*?)"') FROM tickets`,
    ann,
  ],
  ["json as jsonb", "SELECT raw::jsonb FROM tickets", ann],
  ["a path into json as jsonb", "SELECT raw::jsonb -> 'customer' -> 'email' FROM tickets", ann],
  [
    "whether the value is a document",
    `SELECT ${tell} FROM tickets WHERE (doc #>> '{customer,email}') IS NOT JSON`,
    told,
  ],
  ["a column generated from a path", "SELECT who, status FROM tickets", "CANARY-ANN"],
  ["a view of what a path lies in", "SELECT customer ->> 'email' FROM ticket_customers", ann],
  ["a function of the document", "SELECT mail_in(doc) FROM tickets", ann],
  ["documents gathered", "SELECT jsonb_agg(doc) FROM tickets", ann],
  [
    "documents gathered by a key",
    "SELECT jsonb_object_agg(id, doc -> 'items') FROM tickets",
    "canary-one",
  ],
  ["COPY of documents", "COPY tickets (doc) TO STDOUT", ann],
  [
    "a path kept in a table",
    "INSERT INTO notes (body) SELECT doc #>> '{customer,email}' FROM tickets;\nSELECT body FROM notes",
    ann,
  ],
  [
    "a document kept whole in another column",
    "UPDATE tickets SET raw = json_build_object('was', doc) WHERE id = 1;\nSELECT raw #>> '{was,customer,email}' FROM tickets",
    ann,
  ],
  [
    "moved within the stored document",
    "UPDATE tickets SET doc = jsonb_set(doc, '{status}', doc #> '{customer,email}') WHERE id = 1;\nSELECT doc ->> 'status' FROM tickets",
    ann,
  ],
  [
    "assigned by a subscript to another member",
    "UPDATE tickets SET doc['note'] = doc['customer'] WHERE id = 1;\nSELECT doc #>> '{note,email}' FROM tickets",
    ann,
  ],
  [
    "a document that RETURNING shows",
    `UPDATE tickets SET doc['status'] = '"x"' WHERE id = 1 RETURNING doc`,
    ann,
  ],
  [
    "an order by a path",
    "SELECT 'first' || ':' || id FROM tickets ORDER BY doc #>> '{customer,email}' NULLS FIRST LIMIT 1",
    "first:2",
  ],
  [
    "a path that is not there",
    "SELECT 'none' || ':' || id FROM tickets WHERE doc #> '{customer,email}' IS NULL",
    "none:2",
  ],
  [
    "documents compared",
    `SELECT ${tell} FROM tickets WHERE doc -> 'customer' > '{"name": "Ann"}'::jsonb`,
    told,
  ],
  [
    "how many different values a path has",
    "SELECT 'n' || ':' || count(DISTINCT doc -> 'customer' -> 'email') FROM tickets",
    "n:1",
  ],
  [
    "the type at a path",
    "SELECT 'is' || ':' || jsonb_typeof(doc #> '{customer,email}') FROM tickets",
    "is:string",
  ],
  [
    "a path as a number",
    "SELECT (doc #> '{customer,email}')::integer FROM tickets WHERE id = 1",
    "cannot cast jsonb string",
  ],
  ["a document in a document of XML", "SELECT xmlelement(NAME d, doc) FROM tickets", ann],
  [
    "elements in LATERAL under another name",
    "SELECT x ->> 'code' FROM tickets t, LATERAL (SELECT * FROM json_array_elements(t.raw -> 'items')) AS i (x)",
    "canary-one",
  ],
  [
    "words of a document",
    "SELECT ts_headline('simple', doc, to_tsquery('simple', 'ann')) FROM tickets",
    "canary",
  ],
  [
    "a document's words",
    "SELECT jsonb_to_tsvector('simple', doc, '\"string\"') FROM tickets",
    "ann@",
  ],
  [
    "an index that is unique over a path",
    "CREATE UNIQUE INDEX ON tickets ((doc #> '{customer,email}' IS NULL AND id > 5))",
    "is duplicated",
  ],
  [
    "a check at a path",
    "ALTER TABLE tickets ADD CHECK (doc #>> '{customer,email}' NOT LIKE 'canary-a%')",
    "is violated by some row",
  ],
  [
    "a document in a join",
    `SELECT ${tell} FROM tickets t JOIN customers c ON c.id = t.id AND t.doc #>> '{customer,email}' LIKE 'canary%'`,
    told,
  ],
]);

/** What lies beside the classified paths stays as it is. */
export const documentControls: readonly Control[] = working([
  ["a member by a name", "SELECT doc ->> 'status', raw ->> 'status' FROM tickets ORDER BY id"],
  ["a condition on a member", "SELECT id FROM tickets WHERE doc ->> 'status' = 'open'"],
  [
    "a member beside a classified one",
    "SELECT doc #>> '{customer,name}', raw -> 'customer' ->> 'name' FROM tickets ORDER BY id",
  ],
  [
    "a member of an element",
    "SELECT doc -> 'items' -> 0 ->> 'sku' FROM tickets ORDER BY doc ->> 'no'",
  ],
  ["groups by a member", "SELECT doc ->> 'status', count(*) FROM tickets GROUP BY 1 ORDER BY 1"],
  ["a view of a member", "SELECT name FROM ticket_customers ORDER BY id"],
  ["a column generated from a member", "SELECT status FROM tickets ORDER BY status DESC"],
  ["a function of a member", "SELECT status_in(doc) FROM tickets ORDER BY 1"],
  ["a whole document with nothing at its paths", "SELECT doc, raw FROM tickets WHERE id = 2"],
  ["COPY of such a document", "COPY (SELECT id, doc, raw FROM tickets WHERE id = 2) TO STDOUT"],
  [
    "a document that is written",
    `BEGIN;\nUPDATE tickets SET doc = '{"status": "new", "no": 2}' WHERE id = 2 RETURNING doc ->> 'status', status;\nROLLBACK`,
  ],
  [
    "a document that is inserted",
    `BEGIN;\nINSERT INTO tickets (id, doc) VALUES (3, '{"status": "fresh"}') RETURNING id, status;\nROLLBACK`,
  ],
  ["elements of a member", "SELECT jsonb_array_elements_text(doc -> 'tags') FROM tickets"],
  ["how long a member is", "SELECT jsonb_array_length(doc -> 'tags') FROM tickets ORDER BY 1"],
  ["what a member contains", "SELECT id FROM tickets WHERE doc -> 'tags' ? 'x'"],
  ["a path within a member", "SELECT jsonb_path_query(doc -> 'tags', '$[*]') FROM tickets"],
  ["an index over a member", "BEGIN;\nCREATE INDEX ON tickets ((doc ->> 'status'));\nROLLBACK"],
  ["a member as a number", "SELECT (doc ->> 'no')::integer + 1 FROM tickets ORDER BY 1"],
  [
    "a member in a new document",
    "SELECT jsonb_build_object('s', doc -> 'status', 't', doc #> '{tags}') FROM tickets ORDER BY id",
  ],
  ["a member's type", "SELECT jsonb_typeof(doc -> 'tags'), json_typeof(raw -> 'no') FROM tickets"],
  [
    "a member through a CTE",
    "WITH c AS (SELECT doc -> 'customer' AS c FROM tickets) SELECT c ->> 'name' FROM c ORDER BY 1",
  ],
  [
    "a member that RETURNING shows",
    "BEGIN;\nDELETE FROM tickets WHERE id = 2 RETURNING doc -> 'tags', raw ->> 'no';\nROLLBACK",
  ],
]);
