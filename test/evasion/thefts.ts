import { stealing, type Evasion } from "./case.ts";

/** Each empties or changes the vault on a bare PostgreSQL. */
export const thefts: readonly Evasion[] = [
  { idea: "DELETE", script: "DELETE FROM vault" },
  { idea: "TRUNCATE", script: "TRUNCATE vault CASCADE" },
  { idea: "DROP", script: "DROP TABLE vault CASCADE" },
  {
    idea: "DELETE in a CTE",
    script: "WITH d AS (DELETE FROM vault RETURNING 1) SELECT count(*) FROM d",
  },
  { idea: "DELETE through a view", script: "DELETE FROM vault_view" },
  { idea: "a function that deletes", script: "SELECT empty_vault()" },
  { idea: "DO", script: "DO 'BEGIN DELETE FROM vault; END'" },
  {
    idea: "EXPLAIN ANALYZE of a DELETE",
    script: "EXPLAIN ANALYZE DELETE FROM vault",
  },
  {
    idea: "PREPARE and EXECUTE",
    script: "PREPARE d AS DELETE FROM vault;\nEXECUTE d",
  },
  { idea: "behind a harmless statement", script: "SELECT 1\\; DELETE FROM vault" },
  {
    idea: "MERGE … DELETE",
    script: "MERGE INTO vault v USING (SELECT 1) x ON true WHEN MATCHED THEN DELETE",
  },
  {
    idea: "MERGE … UPDATE",
    script:
      "MERGE INTO vault v USING (SELECT 1) x ON true WHEN MATCHED THEN UPDATE SET treasure = NULL",
  },
  { idea: "dropping its schema", script: "ALTER TABLE vault SET SCHEMA other" },
  {
    idea: "renaming it first",
    script: "ALTER TABLE vault RENAME TO v2;\nDELETE FROM v2",
  },
  {
    idea: "ON CONFLICT that updates it",
    script: "INSERT INTO vault VALUES (1, 'x') ON CONFLICT (id) DO UPDATE SET treasure = NULL",
  },
  {
    idea: "in a transaction with a savepoint",
    script: "BEGIN;\nSAVEPOINT s;\nDELETE FROM vault;\nRELEASE s;\nCOMMIT",
  },
  {
    idea: "a trigger of one's own",
    script:
      "CREATE FUNCTION t() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN DELETE FROM vault; RETURN NEW; END';\nCREATE TRIGGER t BEFORE INSERT ON notes FOR EACH ROW EXECUTE FUNCTION t();\nINSERT INTO notes (body) VALUES ('x')",
  },
  {
    idea: "a rule of one's own",
    script:
      "CREATE RULE r AS ON INSERT TO notes DO ALSO DELETE FROM vault;\nINSERT INTO notes (body) VALUES ('x')",
  },
  {
    idea: "a default of one's own",
    script:
      "ALTER TABLE notes ALTER COLUMN number SET DEFAULT empty_vault();\nINSERT INTO notes (body) VALUES ('x')",
  },
  {
    idea: "by a statement of a driver",
    script: [{ text: "DELETE FROM vault WHERE id = ANY($1)", values: [[1, 2]] }],
  },
  // Through what is traced.
  { idea: "DELETE through a view with a condition", script: "DELETE FROM vault_open" },
  { idea: "DELETE through a view over a view", script: "DELETE FROM vault_open_again" },
  { idea: "UPDATE through a view", script: "UPDATE vault_open SET treasure = 'lead'" },
  {
    idea: "MERGE into a view",
    script: "MERGE INTO vault_open v USING notes n ON false WHEN NOT MATCHED BY SOURCE THEN DELETE",
  },
  {
    idea: "ON CONFLICT through a view",
    script:
      "INSERT INTO vault_open VALUES (1, 'lead') ON CONFLICT (id) DO UPDATE SET treasure = excluded.treasure",
  },
  { idea: "a rule of a view", script: "INSERT INTO vault_trap VALUES (1)" },
  { idea: "a function with nothing else in it", script: "SELECT sweep()" },
  { idea: "a function that deletes in a CTE", script: "SELECT sweep_deep()" },
  { idea: "that function in FROM", script: "SELECT * FROM sweep_deep() s" },
  {
    idea: "EXECUTE of a DELETE by key",
    script: "PREPARE d(int) AS DELETE FROM vault WHERE id = $1;\nEXECUTE d(2)",
  },
  {
    idea: "EXPLAIN ANALYZE EXECUTE of a DELETE",
    script: "PREPARE d AS DELETE FROM vault;\nEXPLAIN ANALYZE EXECUTE d",
  },
  {
    idea: "DELETE WHERE CURRENT OF",
    script:
      "BEGIN;\nDECLARE c CURSOR FOR SELECT * FROM vault;\nFETCH 1 FROM c;\nDELETE FROM vault WHERE CURRENT OF c;\nEND",
  },
  // More statements.
  ...stealing([
    ["UPDATE in a CTE", "WITH u AS (UPDATE vault SET treasure = 'lead' RETURNING 1) SELECT 1"],
    ["UPDATE by a join", "UPDATE vault v SET treasure = o.note FROM orders o WHERE o.id = 10"],
    ["DELETE by a join", "DELETE FROM vault USING orders WHERE orders.id = 10"],
    [
      "MERGE that inserts and updates",
      "MERGE INTO vault v USING orders o ON v.id = o.id - 9 WHEN MATCHED THEN UPDATE SET treasure = o.note",
    ],
    ["DELETE inside a COPY", "COPY (DELETE FROM vault RETURNING id) TO STDOUT"],
    [
      "DELETE in EXPLAIN ANALYZE of a CTE",
      "EXPLAIN ANALYZE WITH d AS (DELETE FROM vault RETURNING 1) SELECT * FROM d",
    ],
    [
      "in a subtransaction, then more",
      "BEGIN;\nDELETE FROM vault;\nSAVEPOINT s;\nSELECT 1;\nROLLBACK TO s;\nCOMMIT",
    ],
    [
      "after the end of another transaction in one string",
      "BEGIN\\; SELECT 1\\; COMMIT\\; DELETE FROM vault",
    ],
    ["between comments", "DELETE/* a */FROM/* /* b */ */vault-- c\nWHERE/**/0<id"],
    ["in other letters", 'dElEtE fRoM "vault" uSiNg "rooms" As R wHeRe R."id" = rOOm'],
    ["with an escaped name", `UPDATE U&"v\\0061ult" SET U&"tr!0065asure" UESCAPE '!' = id::text`],
    [
      "with its schema",
      "DELETE FROM :db.public.vault WHERE id IN (SELECT vault.id FROM :db.public.vault)",
    ],
    ["by its parent", "UPDATE hoard SET treasure = 'lead'"],
    ["by its parent, with nothing left", "DELETE FROM hoard"],
    ["TRUNCATE of its parent", "TRUNCATE hoard CASCADE"],
    ["by what it refers to", "DELETE FROM rooms"],
    ["by TRUNCATE of what it refers to", "TRUNCATE orders, rooms CASCADE"],
    [
      "through MERGE into its parent",
      "MERGE INTO hoard h USING rooms r ON true WHEN MATCHED THEN UPDATE SET treasure = 'lead'",
    ],
    ["dropping its schema's contents", "DROP SCHEMA public CASCADE"],
    ["renaming its schema", "ALTER SCHEMA public RENAME TO private"],
    ["a view that deletes when read", "SELECT * FROM thief"],
    [
      "a rule on the view of it",
      "CREATE RULE r AS ON UPDATE TO noted DO INSTEAD DELETE FROM vault;\nUPDATE noted SET body = 'x'",
    ],
    ["a materialised view that runs it", "CREATE MATERIALIZED VIEW m AS SELECT steal(1)"],
    [
      "an index that runs it",
      "CREATE TABLE made (id integer);\nINSERT INTO made VALUES (1);\nCREATE FUNCTION sly(integer) RETURNS integer LANGUAGE plpgsql AS 'BEGIN DELETE FROM public.vault; RETURN 1; END';\nALTER TABLE made ADD COLUMN n integer DEFAULT sly(1)",
    ],
  ]),
  // Code that runs unseen.
  ...stealing([
    ["a call", "SELECT steal(1)"],
    ["a call in FROM", "SELECT * FROM steal(1)"],
    ["a call in WHERE", "SELECT 1 FROM orders WHERE steal(id) = 1"],
    ["a call in ORDER BY", "SELECT id FROM orders ORDER BY steal(id)"],
    ["a call in LIMIT", "SELECT id FROM orders LIMIT steal(1)"],
    ["a call in VALUES", "VALUES (steal(1))"],
    ["a call in RETURNING", "INSERT INTO notes (body) VALUES ('x') RETURNING steal(1)"],
    [
      "a call in a partition's bound",
      "CREATE TABLE parts (id integer) PARTITION BY LIST (id);\nCREATE TABLE part PARTITION OF parts FOR VALUES IN (steal(1))",
    ],
    ["a call in a sample", "SELECT 1 FROM orders TABLESAMPLE bernoulli (steal(1))"],
    ["a call in a window", "SELECT count(*) OVER (ORDER BY steal(id)) FROM orders"],
    ["a call in a cursor", "BEGIN;\nDECLARE c CURSOR FOR SELECT steal(1);\nFETCH c;\nCOMMIT"],
    ["a call as a parameter of EXECUTE", "PREPARE p(integer) AS SELECT $1;\nEXECUTE p(steal(1))"],
    ["a call of a procedure", "CALL steal_by_call()"],
    ["a call by an aggregate", "SELECT steal_all(id) FROM orders"],
    ["a call by an aggregate as a window", "SELECT steal_all(id) OVER () FROM orders"],
    ["a call by an operator", "SELECT @@@ 1"],
    ["a call by an operator with its schema", "SELECT OPERATOR(public.@@@) 1"],
    ["a call by a cast", "SELECT ROW(1, 'x')::contact::macaddr"],
    [
      "a call by a cast written as a function",
      "SELECT CAST(c AS macaddr) FROM (SELECT ROW(1, 'x')::contact AS c) s",
    ],
    ["a domain", "SELECT 1::stealing"],
    [
      "a domain in a column definition list",
      `SELECT * FROM json_to_record('{"a": 1}') AS x (a stealing)`,
    ],
    [
      "a domain in rows of a document",
      `SELECT * FROM jsonb_to_recordset('[{"a": 1}]') AS x (a stealing)`,
    ],
    ["a domain inside a row", "SELECT ROW(1, 2)::trap"],
    ["a domain in a literal that COALESCE reads", "SELECT COALESCE(ds, '{1}') FROM boxes"],
    [
      "a domain in a literal that CASE reads",
      "SELECT CASE WHEN id = 2 THEN t ELSE '(1,2)' END FROM boxes",
    ],
    ["a domain in a literal that UNION reads", "SELECT t FROM boxes UNION ALL SELECT '(1,2)'"],
    ["a domain in a literal that an operator reads", "SELECT ds || '{1}' FROM boxes"],
    ["a domain in a literal that is compared", "SELECT 1 FROM boxes WHERE ds = '{1}'"],
    ["a domain in what COPY reads", "COPY boxes (ds) FROM STDIN;\n{1}\n\\.\nSELECT 1"],
    ["a domain in a row that COPY reads", "COPY boxes (t) FROM STDIN;\n(1,2)\n\\.\nSELECT 1"],
    [
      "a domain in a new column",
      "CREATE TABLE made (id integer);\nALTER TABLE made ADD COLUMN b stealing[] DEFAULT '{1}'",
    ],
    ["a domain in a new table's default", "CREATE TABLE made (b stealing[] DEFAULT '{1}')"],
    ["a domain in a default that is set", "ALTER TABLE boxes ALTER COLUMN ds SET DEFAULT '{1}'"],
    [
      "a domain in an array of a statement's parameter",
      "PREPARE p(stealing[]) AS SELECT $1;\nEXECUTE p('{1}')",
    ],
    ["a domain in a row's field", "UPDATE boxes SET ds[1] = 1"],
    ["JSON_VALUE as a domain", `SELECT JSON_VALUE('1'::jsonb, '$' RETURNING stealing)`],
    ["a trigger that is there", "INSERT INTO bell VALUES (1)"],
    ["a trigger on an empty UPDATE", "UPDATE bell SET id = 1"],
    ["a trigger on TRUNCATE", "TRUNCATE bell"],
    ["a constraint that is there", "INSERT INTO checked VALUES (1)"],
    ["a default that is there", "INSERT INTO defaulted (id) VALUES (1)"],
    ["that default by its keyword", "INSERT INTO defaulted VALUES (1, DEFAULT)"],
    [
      "that default by UPDATE",
      "INSERT INTO defaulted VALUES (1, 1);\nUPDATE defaulted SET n = DEFAULT",
    ],
    ["that default by COPY", "COPY defaulted (id) FROM STDIN;\n1\n\\.\nSELECT 1"],
    ["a domain's default", "INSERT INTO goods (id) VALUES (1)"],
    ["a domain's default by its keyword", "INSERT INTO goods VALUES (1, DEFAULT)"],
    [
      "a domain's default by UPDATE",
      "INSERT INTO goods VALUES (1, 1);\nUPDATE goods SET n = DEFAULT",
    ],
    ["a domain's default by COPY", "COPY goods (id) FROM STDIN;\n1\n\\.\nSELECT 1"],
    [
      "a domain's default by MERGE",
      "MERGE INTO goods g USING orders o ON false WHEN NOT MATCHED THEN INSERT (id) VALUES (o.id)",
    ],
    [
      "a domain's default in a new column",
      "CREATE TABLE made (id integer);\nINSERT INTO made VALUES (1);\nALTER TABLE made ADD COLUMN n priced",
    ],
    [
      "a domain's default in a temporary table",
      "CREATE TEMP TABLE made (id integer, n priced);\nINSERT INTO made DEFAULT VALUES",
    ],
    ["a policy that is there", "SELECT * FROM guarded_by_theft"],
    ["statistics that are there", "INSERT INTO notes (body) VALUES ('x');\nANALYZE notes"],
    ["statistics by VACUUM", "INSERT INTO notes (body) VALUES ('x');\nVACUUM (ANALYZE) notes"],
    [
      "new statistics",
      "CREATE STATISTICS mine ON (steal(id)), (id + 1) FROM orders;\nANALYZE orders",
    ],
  ]),
];
