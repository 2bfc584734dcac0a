import { ann, showing, type Leak } from "./case.ts";

/** DDL under the classification's feet, and DDL that computes over rows. */
export const ddl: readonly Leak[] = [
  {
    idea: "renaming the column",
    script:
      "BEGIN;\nALTER TABLE customers RENAME COLUMN email TO e2;\nCOMMIT;\nSELECT e2 FROM customers;\nALTER TABLE customers RENAME COLUMN e2 TO email",
    shows: ann,
  },
  {
    idea: "renaming the table",
    script:
      "ALTER TABLE customers RENAME TO c2;\nSELECT email FROM c2;\nALTER TABLE c2 RENAME TO customers",
    shows: ann,
  },
  {
    idea: "moving the table",
    script:
      "ALTER TABLE orders SET SCHEMA other;\nDROP TABLE other.customers;\nALTER TABLE customers SET SCHEMA other;\nSELECT email FROM other.customers",
    shows: ann,
  },
  {
    idea: "renaming the schema",
    script:
      "ALTER SCHEMA public RENAME TO p2;\nSELECT email FROM p2.customers;\nALTER SCHEMA p2 RENAME TO public",
    shows: ann,
  },
  {
    idea: "detaching a partition",
    script: "ALTER TABLE events DETACH PARTITION events_2026;\nSELECT email FROM events_2026",
    shows: "canary-event",
  },
  {
    idea: "leaving the inheritance",
    script: "ALTER TABLE customers_vip NO INHERIT customers;\nSELECT email FROM customers_vip",
    shows: "canary-cleo",
  },
  {
    idea: "a generated column",
    script:
      "ALTER TABLE customers ADD COLUMN leak text GENERATED ALWAYS AS (email) STORED;\nSELECT leak FROM customers;\nALTER TABLE customers DROP COLUMN leak",
    shows: ann,
  },
  {
    idea: "a unique index that names what is double",
    script: "CREATE UNIQUE INDEX ON customers (left(email, 7))",
    shows: "=(canary-)",
  },
  {
    idea: "a constraint that fails",
    script: "ALTER TABLE customers ADD CONSTRAINT c CHECK (email NOT LIKE 'canary-a%')",
    shows: "is violated by some row",
  },
  {
    idea: "a foreign key that finds it",
    script:
      "CREATE TABLE fk (e text REFERENCES customers (email));\nINSERT INTO fk VALUES ('can' || 'ary-ann@secret.example');\nDROP TABLE fk",
    shows: "INSERT 0 1",
  },
  {
    idea: "a row-security policy over it",
    script: `BEGIN;\nCREATE POLICY p ON customers USING (email LIKE 'canary-a%');\nALTER TABLE customers ENABLE ROW LEVEL SECURITY;\nALTER TABLE customers FORCE ROW LEVEL SECURITY;\nSELECT 'ROWS' || count(*) FROM ONLY customers;\nROLLBACK`,
    shows: "ROWS1",
  },
  {
    idea: "another type, failing on a value",
    script:
      "ALTER TABLE customers ALTER COLUMN card_number TYPE integer USING card_number::integer",
    shows: "4929000011112222",
  },
  // More DDL.
  ...showing([
    [
      "an index that sorts",
      "CREATE INDEX sorts ON teams (code, id);\nSET enable_seqscan = off;\nSET enable_bitmapscan = off;\nSELECT string_agg(id::text, '-') FROM (SELECT id FROM teams) s",
      "3-1-2",
    ],
    [
      "CLUSTER",
      "CLUSTER pay USING pay_code;\nSELECT string_agg(name, '+') FROM pay;\nINSERT INTO pay (id, name, code) VALUES (3, 'Zed', 'a');\nCLUSTER pay USING pay_code;\nSELECT string_agg(name, '+') FROM pay",
      "Zed+Ann",
    ],
    ["a unique constraint that cannot be", "ALTER TABLE teams ADD UNIQUE (code)", "(canary-same)"],
    [
      "NOT NULL that cannot be",
      "ALTER TABLE pay ALTER COLUMN code SET NOT NULL",
      "contains null values",
    ],
    [
      "a check that is validated later",
      "ALTER TABLE teams ADD CONSTRAINT c CHECK (code <> 'canary-' || 'else') NOT VALID;\nALTER TABLE teams VALIDATE CONSTRAINT c",
      "is violated by some row",
    ],
    [
      "a virtual column",
      "ALTER TABLE customers ADD COLUMN shown text GENERATED ALWAYS AS (email) VIRTUAL;\nSELECT shown FROM customers WHERE id = 1",
      ann,
    ],
    [
      "a new expression for a column",
      "ALTER TABLE pay ALTER COLUMN loud_code SET EXPRESSION AS (code || '!');\nSELECT loud_code FROM pay",
      "canary-code!",
    ],
    [
      "another column under the old name",
      "ALTER TABLE customers RENAME COLUMN email TO e;\nALTER TABLE customers ADD COLUMN email text;\nSELECT e FROM customers",
      ann,
    ],
    [
      "swapping two columns",
      "ALTER TABLE customers RENAME name TO n;\nALTER TABLE customers RENAME email TO name;\nSELECT name FROM customers",
      ann,
    ],
    [
      "a rule that shows it",
      "CREATE RULE shows AS ON INSERT TO notes DO INSTEAD SELECT email FROM customers;\nINSERT INTO notes (body) VALUES ('x')",
      ann,
    ],
    [
      "a trigger that shows it",
      "CREATE FUNCTION showing() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN NEW.body := (SELECT email FROM customers WHERE id = 1); RETURN NEW; END';\nCREATE TRIGGER showing BEFORE INSERT ON notes FOR EACH ROW EXECUTE FUNCTION showing();\nINSERT INTO notes (body) VALUES ('x') RETURNING body",
      ann,
    ],
    [
      "a function of one's own",
      "CREATE FUNCTION mine() RETURNS text LANGUAGE sql AS 'SELECT email FROM customers WHERE id = 1';\nSELECT mine()",
      ann,
    ],
    [
      "a temporary function",
      "CREATE FUNCTION pg_temp.mine() RETURNS text LANGUAGE sql AS 'SELECT email FROM customers WHERE id = 1';\nSELECT pg_temp.mine()",
      ann,
    ],
    [
      "a view of one's own, replaced",
      "CREATE OR REPLACE VIEW noted AS SELECT id, email AS body FROM customers;\nSELECT body FROM noted",
      ann,
    ],
    [
      "a view that only chooses",
      "CREATE VIEW chooses AS SELECT id FROM customers WHERE email LIKE 'canary-a%';\nSELECT 'is' || ':' || id FROM chooses",
      "is:1",
    ],
    [
      "a new parent",
      "CREATE TABLE parent (email text);\nALTER TABLE customers INHERIT parent;\nSELECT email FROM parent",
      ann,
    ],
    [
      "a policy taken away",
      "ALTER TABLE guarded NO FORCE ROW LEVEL SECURITY;\nSELECT secret FROM guarded",
      "canary-b",
    ],
    [
      "a foreign key that is added",
      "CREATE TABLE finder (code text);\nINSERT INTO finder VALUES ('canary-' || 'badge');\nALTER TABLE finder ADD FOREIGN KEY (code) REFERENCES badges",
      "ALTER TABLE",
    ],
  ]),
];
