/**
 * The schema that statements are made over, and what its classified columns hold: `base` in the first database;
 * in a variant one column holds something `other`, or what is `odd`: fails where `base` does not, is null, is the
 * largest. `canary` is how a value of `base` is known wherever it shows. No literal of the grammar equals a value.
 */
export interface Secret {
  readonly table: "people" | "deeds" | "trips" | "acts_sealed";
  readonly column: string;
  readonly base: readonly string[];
  readonly other: readonly string[];
  readonly odd: readonly string[];
  readonly canary?: RegExp;
  /** Lookups by literals of the grammar may find its values. */
  readonly guessable?: true;
}

const quoted = (...values: (string | null)[]): string[] =>
  values.map((value) => (value === null ? "NULL" : `'${value}'`));

export const secrets: readonly Secret[] = [
  {
    table: "people",
    column: "email",
    base: quoted("canarymail-ann@x.example", "canarymail-bob@y.example", null),
    other: quoted("cuckoomail-zoe@z.example", "cuckoomail-bob@y.example", "cuckoomail@c"),
    odd: quoted(null, "%", "B\\\\a$(1"),
    canary: /canarymail|liamyranac/i,
  },
  {
    table: "people",
    column: "code",
    base: quoted("7713551", "7713552", "7713553"),
    other: quoted("6613551", "9", null),
    odd: quoted("z7713551", "-", "12:61"),
    canary: /771355\d/,
  },
  {
    table: "people",
    column: "pay",
    base: ["91337001.25", "91337002.5", "NULL"],
    other: ["81337001.25", "NULL", "1.5"],
    odd: ["0", "'NaN'", "-99999999999999.9999"],
    canary: /9133700\d/,
  },
  {
    table: "people",
    column: "rate",
    base: ["82226001", "82226002", "82226003"],
    other: ["72226001", "NULL", "17"],
    odd: ["0", "2147483647", "-2147483648"],
    canary: /8222600\d/,
  },
  {
    table: "people",
    column: "born",
    base: quoted("4242-03-04", "4242-05-06", null),
    other: quoted("1999-03-04", "4242-05-07", "1980-02-29"),
    odd: quoted("infinity", "-infinity", "4713-01-01 BC"),
    canary: /4242-0\d/,
  },
  {
    table: "people",
    column: "seen",
    base: quoted("4343-03-04 01:02:03Z", "4343-05-06 04:05:06Z", null),
    other: quoted("1999-03-04 11:12:13Z", "4343-05-06 04:05:07Z", "2001-01-01Z"),
    odd: quoted("infinity", "-infinity", "4714-11-24 00:00:00Z BC"),
    canary: /4343-0\d/,
  },
  {
    table: "people",
    column: "doc",
    base: quoted('{"k": "canarydoc1", "n": [1, 2, 3]}', '{"k": "canarydoc2", "n": []}', null),
    other: quoted('{"k": "cuckoo1", "m": {"k": 1}}', '{"k": null, "n": [7]}', '{"k": "cuckoo3"}'),
    odd: quoted('"scalar"', "[]", '{"k": [{"k": 1}]}'),
    canary: /canarydoc/i,
  },
  {
    table: "people",
    column: "paper",
    base: quoted('{"k": "canarypaper1", "n": 1}', '{"k": "canarypaper2"}', null),
    other: quoted('{"k": "cuckoo1", "n": [1]}', '{"k": 2, "n": 2}', '{"z": 3}'),
    // None that jsonb cannot hold: docs/postgres.md says what those tell.
    odd: quoted("7", "[1, {}]", '{"k": 1, "k": 2}'),
    canary: /canarypaper/i,
  },
  {
    table: "people",
    column: "tags",
    base: quoted("{canarytag1,canarytag2}", "{canarytag3}", null),
    other: quoted("{cuckootag1}", "{cuckootag1,cuckootag2,cuckootag3}", "{canarytag3}"),
    odd: quoted("{}", "{{r,s},{t,u}}", "[5:5]={w}"),
    canary: /canarytag|gatyranac/i,
  },
  {
    table: "people",
    column: "vip",
    base: ["true", "false", "NULL"],
    other: ["false", "true", "true"],
    odd: ["NULL", "NULL", "false"],
    guessable: true,
  },
  {
    table: "people",
    column: "mood",
    base: quoted("sad", "happy", null),
    other: quoted("happy", "sad", "ok"),
    odd: quoted(null, null, "sad"),
    guessable: true,
  },
  {
    table: "people",
    column: "home",
    base: ["ROW('canarystreet 1', 41)", "ROW('canarystreet 2', 42)", "NULL"],
    other: ["ROW('cuckoostreet 1', 51)", "ROW('cuckoostreet 2', 52)", "ROW('s', 53)"],
    odd: ["NULL", "ROW(NULL, NULL)", "ROW('t', 2147483647)"],
    canary: /canarystreet/i,
  },
  {
    table: "deeds",
    column: "secret",
    base: quoted("canarydeed1", "canarydeed2", null),
    other: quoted("cuckoodeed1", null, "cuckoodeed3"),
    odd: quoted("7", "", "%_"),
    canary: /canarydeed/i,
  },
  {
    table: "trips",
    column: "price",
    base: ["73331.5", "73332.5", "73333.5"],
    other: ["63331.5", "NULL", "8e4"],
    odd: ["'Infinity'", "'NaN'", "1e300"],
    canary: /7333\d\.5/,
  },
  {
    table: "acts_sealed",
    column: "act",
    base: quoted("canaryact1", "canaryact2"),
    other: quoted("cuckooact1", null),
    odd: quoted("", "%"),
    canary: /canaryact/i,
  },
];

export const idOf = ({ table, column }: Secret): string => `public.${table}.${column}`;

export const classified = Object.fromEntries(
  secrets.map((secret) => [idOf(secret), ["secret"]] as const),
);

/** Without rows: those of `rows` come when all views and functions are there. */
export const schema = `
  CREATE TYPE mood AS ENUM ('sad', 'ok', 'happy');
  CREATE TYPE address AS (street text, no int);
  CREATE DOMAIN short AS text CHECK (length(VALUE) < 1000);
  CREATE TABLE people (id int PRIMARY KEY, name text, email text, code varchar(20), pay numeric(20,4), rate int,
    born date, seen timestamptz, doc jsonb, paper json, tags text[], vip boolean, mood mood, home address,
    boss int, city text, at date, loud text GENERATED ALWAYS AS (upper(email)) STORED);
  CREATE TABLE sales (id int PRIMARY KEY, person int, note text, amount numeric, at date, labels text[], extra jsonb);
  CREATE TABLE notes (id int PRIMARY KEY, body text, n numeric);
  CREATE TABLE deeds (id int, secret text, at date);
  CREATE TABLE deeds_old (more text) INHERITS (deeds);
  CREATE TABLE acts (id int, act text);
  CREATE TABLE acts_sealed () INHERITS (acts);
  CREATE TABLE trips (id int, price float8, name text) PARTITION BY RANGE (id);
  CREATE TABLE trips_1 PARTITION OF trips FOR VALUES FROM (0) TO (3);
  CREATE TABLE trips_2 PARTITION OF trips DEFAULT;
  CREATE VIEW cards AS SELECT id, name, email AS mail, code, lower(email) AS quiet, pay FROM people;
  CREATE VIEW mirror AS SELECT * FROM people;
  CREATE VIEW wholes AS SELECT p AS one, p.id FROM people p;
  CREATE VIEW listed AS SELECT id, body FROM notes;
  CREATE FUNCTION everyone() RETURNS SETOF people LANGUAGE sql STABLE AS 'SELECT * FROM people';
  CREATE FUNCTION mail_of(int) RETURNS text LANGUAGE sql STABLE AS 'SELECT email FROM people WHERE id = $1';
  CREATE FUNCTION twice(text) RETURNS text LANGUAGE sql IMMUTABLE AS 'SELECT $1 || $1';
  CREATE FUNCTION street(people) RETURNS text LANGUAGE sql AS 'SELECT ($1.home).street';
  CREATE FUNCTION same(anyelement) RETURNS anyelement LANGUAGE sql AS 'SELECT $1';
  CREATE FUNCTION first_of(VARIADIC a text[]) RETURNS text LANGUAGE sql AS 'SELECT a[1]';
  CREATE FUNCTION pair(t text, OUT a text, OUT b int) LANGUAGE sql AS 'SELECT t, length(t)';
  CREATE FUNCTION rows_of(town text) RETURNS TABLE (who text, what numeric) LANGUAGE sql STABLE
    AS 'SELECT code, pay FROM people WHERE city = town';
  CREATE FUNCTION noted(t text) RETURNS int LANGUAGE sql AS 'INSERT INTO notes VALUES (77, t); SELECT 77';
  CREATE FUNCTION exact(int) RETURNS numeric LANGUAGE sql RETURN (SELECT pay FROM people WHERE id = $1);`;

/** All rows, with one or all classified columns as in the variant. */
export function rows(variant: "base" | "other" | "odd", changed: Secret | "all"): string {
  const of = (table: Secret["table"], at: number): string[] =>
    secrets
      .filter((secret) => secret.table === table)
      .map((secret) => {
        const values = changed === "all" || changed === secret ? secret[variant] : secret.base;
        return values[at] ?? "NULL";
      });
  const names = (table: Secret["table"]): string =>
    secrets
      .filter((secret) => secret.table === table)
      .map(({ column }) => column)
      .join(", ");
  const people = [
    ["1", "'Ann'", "NULL", "'Ulm'", "'2020-01-01'"],
    ["2", "'Bob'", "1", "'Bonn'", "'2020-02-02'"],
    ["3", "'Cyd'", "1", "NULL", "'2020-03-03'"],
  ].map((known, at) => `(${[...known, ...of("people", at)].join(", ")})`);
  const deeds = [0, 1].map((at) => `(${at + 1}, '2021-01-0${at + 1}', ${of("deeds", at).join()})`);
  const trips = [0, 1, 2].map(
    (at) => `(${at + 1}, '${["north", "south", "west"][at]}', ${of("trips", at).join()})`,
  );
  const acts = [0, 1].map((at) => `(${at + 2}, ${of("acts_sealed", at).join()})`);
  return `
    INSERT INTO people (id, name, boss, city, at, ${names("people")}) VALUES ${people.join(", ")};
    INSERT INTO sales VALUES (1, 1, 'first', 5, '2020-01-05', '{a,b}', '{"k": "open", "n": [1, 2]}'),
      (2, 1, 'second', 7.5, '2020-02-05', '{b}', '{"k": 2}'), (3, 2, 'third', 9, NULL, NULL, '[1, {"k": "x"}]');
    INSERT INTO notes VALUES (1, 'hello', 1), (2, 'world', 2.5);
    INSERT INTO deeds (id, at, secret) VALUES ${deeds.join(", ")};
    INSERT INTO deeds_old (id, at, secret, more) VALUES (3, '2021-01-03', ${of("deeds", 2).join()}, 'old');
    INSERT INTO acts VALUES (1, 'open');
    INSERT INTO acts_sealed (id, act) VALUES ${acts.join(", ")};
    INSERT INTO trips (id, name, price) VALUES ${trips.join(", ")};`;
}
