/**
 * What the sessions of the wire fuzz work on: two databases are made of it that are alike to the OID, one for the
 * gateway and one for who goes past it.
 */
export const sessionTarget = `
CREATE DOMAIN positive AS int CHECK (VALUE > 0);
CREATE TYPE colour AS ENUM ('red', 'green', 'blue');
CREATE TABLE things (id int PRIMARY KEY, name text NOT NULL, price numeric(10, 2) CHECK (price >= 0), tags text[],
  doc jsonb, made timestamptz DEFAULT '2026-01-02 03:04:05+00', secret text, shade colour, amount positive);
CREATE TABLE parts (id int UNIQUE DEFERRABLE INITIALLY DEFERRED,
  thing int REFERENCES things DEFERRABLE INITIALLY DEFERRED);
CREATE VIEW cheap AS SELECT id, name, secret FROM things WHERE price < 10;
CREATE SCHEMA aside;
CREATE TABLE aside.things (id int, name text);
INSERT INTO aside.things VALUES (1, 'another one');
CREATE FUNCTION note(many int) RETURNS int LANGUAGE plpgsql AS $$
BEGIN
  FOR at IN 1..many LOOP
    RAISE NOTICE 'note % of %', at, many USING DETAIL = 'of a function', HINT = 'read it', ERRCODE = '01ABC';
  END LOOP;
  IF many < 0 THEN
    RAISE EXCEPTION 'fewer than none: %', many USING ERRCODE = 'ZZ001', DETAIL = 'of a function', SCHEMA = 's',
      TABLE = 't', COLUMN = 'c', CONSTRAINT = 'n', DATATYPE = 'd';
  END IF;
  RETURN many;
END $$;
CREATE FUNCTION noted() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE NOTICE '% %', TG_OP, TG_TABLE_NAME;
  RETURN NULL;
END $$;
CREATE TRIGGER noted AFTER INSERT OR DELETE ON parts FOR EACH STATEMENT EXECUTE FUNCTION noted();
`;

/** Brings the tables back to what each session begins with. */
export const sessionRows = `
DROP TABLE IF EXISTS made_later;
DELETE FROM parts; DELETE FROM things;
INSERT INTO things SELECT n, 'thing ' || n, n * 1.5, ARRAY['a', 'b ' || n], jsonb_build_object('n', n),
  '2026-01-02 03:04:05+00', 'secret ' || n, (ARRAY['red', 'green', 'blue'])[1 + n % 3]::colour, n
  FROM generate_series(1, 12) n;
INSERT INTO things (id, name) VALUES (100, 'äöü € 🙂');
INSERT INTO parts SELECT n, 1 + n % 5 FROM generate_series(1, 6) n;
`;
