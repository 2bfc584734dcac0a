import { ann, showing, working, type Control, type Leak } from "./case.ts";

/** Views of the server's activity, and catalogs that keep values. */
export const activity: readonly Leak[] = showing([
  [
    "what other sessions run",
    "SELECT query FROM pg_stat_activity WHERE state = 'idle'",
    "canary-busy",
  ],
  ["a setting that holds a password", "SHOW primary_conninfo", "canary-conninfo"],
  ["all settings", "SHOW ALL", "canary-conninfo"],
  ["a setting by the function", "SELECT current_setting('Primary_conninfo')", "canary-conninfo"],
  [
    "a setting whose name is put together",
    "SELECT current_setting('primary_' || 'conninfo')",
    "canary-conninfo",
  ],
  [
    "a setting among those in FROM",
    "SELECT s FROM (VALUES ('primary_conninfo')) v(n), current_setting(n) s",
    "canary-conninfo",
  ],
  [
    "a setting's row",
    "SELECT setting FROM pg_settings WHERE name = 'primary_conninfo'",
    "canary-conninfo",
  ],
  [
    "a setting's row in a join",
    "SELECT j.reset_val FROM (pg_settings s CROSS JOIN rooms r) AS j WHERE name ~ 'conninfo'",
    "canary-conninfo",
  ],
  [
    "a setting beside another one's row",
    "SELECT (SELECT s FROM pg_settings s WHERE s.name LIKE 'primary_c%') FROM pg_settings WHERE name = 'block_size'",
    "canary-conninfo",
  ],
  [
    "a view over settings",
    "CREATE TEMP VIEW set AS SELECT setting AS s FROM pg_settings WHERE source <> 'default';\nSELECT s FROM set",
    "canary-conninfo",
  ],
  [
    "what is beneath the settings' view",
    "SELECT setting FROM pg_show_all_settings()",
    "canary-conninfo",
  ],
  ["the row of another session", "SELECT a FROM pg_stat_activity a", "canary-busy"],
  ["sessions as a document", "SELECT json_agg(a) FROM pg_stat_activity a", "canary-busy"],
  ["the function behind it", "SELECT query FROM pg_stat_get_activity(NULL)", "canary-busy"],
  [
    "the function for one session",
    "SELECT pg_stat_get_backend_activity(b) FROM pg_stat_get_backend_idset() b",
    "canary-busy",
  ],
  [
    "a view over sessions",
    "CREATE TEMP VIEW seen AS SELECT query AS q FROM pg_stat_activity;\nSELECT q FROM seen",
    "canary-busy",
  ],
  [
    "what was run, with its texts",
    "SELECT query FROM pg_stat_statements WHERE query LIKE 'DO%'",
    "canary-asked",
  ],
  ["the function that keeps it", "SELECT s.query FROM pg_stat_statements(true) s", "canary-asked"],
  ["COPY of what was run", "COPY (SELECT query FROM pg_stat_statements) TO STDOUT", "canary-asked"],
  ["statistics of several columns", "SELECT most_common_vals FROM pg_stats_ext", "canary-same"],
  [
    "statistics of an expression",
    "SELECT most_common_vals::text FROM pg_stats_ext_exprs",
    "canary-same/long",
  ],
  [
    "where statistics lie",
    "SELECT stavalues1::text FROM pg_statistic WHERE starelid = 'teams'::regclass",
    "canary-same",
  ],
  [
    "where extended statistics lie",
    "SELECT stxdexpr::text FROM pg_statistic_ext_data",
    "canary-same/long",
  ],
  [
    "extended statistics taken apart",
    "SELECT m.values FROM pg_statistic_ext_data, pg_mcv_list_items(stxdmcv) m",
    "canary-same",
  ],
  [
    "where large objects lie",
    "SELECT convert_from(data, 'UTF8') FROM pg_largeobject",
    "canary-large",
  ],
  ["a large object that is there", "SELECT convert_from(lo_get(4242), 'UTF8')", "canary-large"],
  [
    "a large object as a file",
    "BEGIN;\nSELECT convert_from(loread(lo_open(4242, 262144), 99), 'UTF8');\nROLLBACK",
    "canary-large",
  ],
  [
    "a prepared statement's text, made of a value",
    "DO $$ BEGIN EXECUTE (SELECT format('PREPARE q AS SELECT %L', email) FROM customers WHERE id = 1); END $$;\nSELECT statement FROM pg_prepared_statements",
    ann,
  ],
  [
    "the same by its function",
    "DO $$ BEGIN EXECUTE (SELECT format('PREPARE q AS SELECT %L', email) FROM customers WHERE id = 1); END $$;\nSELECT p.statement FROM pg_prepared_statement() p",
    ann,
  ],
  [
    "a cursor's text, made of a value",
    "BEGIN;\nDO $$ DECLARE c refcursor := 'c'; BEGIN OPEN c FOR EXECUTE (SELECT format('SELECT %L', email) FROM customers WHERE id = 1); END $$;\nSELECT statement FROM pg_cursors;\nROLLBACK",
    ann,
  ],
  [
    "rows that a transaction has counted",
    "BEGIN;\nSELECT id FROM pay WHERE vip AND lower(code) LIKE 'canary%';\nUPDATE pay SET name = name WHERE vip;\nSELECT 'changed' || ':' || n_tup_upd FROM pg_stat_xact_user_tables WHERE relname = 'pay';\nROLLBACK",
    "changed:1",
  ],
  [
    "a default that the catalog keeps for old rows",
    "ALTER TABLE notes ADD COLUMN kept text DEFAULT fixed_mail(1);\nSELECT attmissingval::text FROM pg_attribute WHERE attrelid = 'notes'::regclass AND attname = 'kept'",
    ann,
  ],
  [
    "a default that old rows have from now on",
    "INSERT INTO notes (body) VALUES ('old');\nALTER TABLE notes ADD COLUMN given text DEFAULT email_of(1);\nSELECT given FROM notes",
    ann,
  ],
  [
    "a partition's bound that is computed",
    "CREATE TABLE bounded (e text) PARTITION BY LIST (e);\nCREATE TABLE bounded_1 PARTITION OF bounded FOR VALUES IN (fixed_mail(1));\nSELECT pg_get_expr(relpartbound, oid) FROM pg_class WHERE relname = 'bounded_1'",
    ann,
  ],
  [
    "the bound of what is attached",
    "CREATE TABLE ranged (e text) PARTITION BY RANGE (e);\nCREATE TABLE ranged_1 (e text);\nALTER TABLE ranged ATTACH PARTITION ranged_1 FOR VALUES FROM (MINVALUE) TO (fixed_mail(1));\nSELECT pg_get_expr(relpartbound, oid) FROM pg_class WHERE relname = 'ranged_1'",
    ann,
  ],
  [
    "a comment made of a value",
    "DO $$ BEGIN EXECUTE (SELECT format('COMMENT ON TABLE notes IS %L', email) FROM customers WHERE id = 1); END $$;\nSELECT obj_description('notes'::regclass)",
    ann,
  ],
  [
    "a table's name made of a value",
    "DO $$ BEGIN EXECUTE (SELECT format('CREATE TABLE %I ()', email) FROM customers WHERE id = 1); END $$;\nSELECT relname FROM pg_class WHERE relname LIKE 'can%'",
    ann,
  ],
  [
    "an enum's label made of a value",
    "DO $$ BEGIN EXECUTE (SELECT format('CREATE TYPE hue AS ENUM (%L)', email) FROM customers WHERE id = 1); END $$;\nSELECT enumlabel FROM pg_enum",
    ann,
  ],
  [
    "a notification made of a value",
    "LISTEN heard;\nDO $$ BEGIN EXECUTE (SELECT format('NOTIFY heard, %L', email) FROM customers WHERE id = 1); END $$",
    ann,
  ],
  [
    "a setting made of a value",
    "DO $$ BEGIN EXECUTE (SELECT format('SET application_name = %L', email) FROM customers WHERE id = 1); END $$;\nSELECT setting FROM pg_settings WHERE name = 'application_name'",
    ann,
  ],
  [
    "a bound made of a value",
    "CREATE TABLE made (e text) PARTITION BY LIST (e);\nDO $$ BEGIN EXECUTE (SELECT format('CREATE TABLE made_1 PARTITION OF made FOR VALUES IN (%L)', email) FROM customers WHERE id = 1); END $$;\nSELECT pg_get_partition_constraintdef('made_1'::regclass)",
    ann,
  ],
  ["a foreign table", "SELECT line FROM afar", "canary-afar"],
  [
    "a query as text, run by an extension",
    "SELECT * FROM crosstab('SELECT 1, 1, email FROM customers WHERE id = 1') AS c (i integer, e text)",
    ann,
  ],
]);

/** What says nothing of values. */
export const activityControls: readonly Control[] = working([
  ["whether there are locks", "SELECT count(*) > 0 FROM pg_locks"],
  [
    "what is in progress",
    "SELECT v.phase, i.phase FROM pg_stat_progress_vacuum v FULL JOIN pg_stat_progress_create_index i USING (pid)",
  ],
  [
    "counters of a table",
    "SELECT relname, n_live_tup >= 0 FROM pg_stat_user_tables WHERE relname = 'orders'",
  ],
  [
    "names of a table's indexes",
    "SELECT indexrelname FROM pg_stat_user_indexes WHERE relname = 'rooms'",
  ],
  [
    "a setting of the server",
    "SELECT name, setting, unit FROM pg_settings WHERE name = 'block_size'",
  ],
  [
    "settings by their names",
    "SHOW work_mem;\nSELECT current_setting('work_mem'), current_setting('app.nothing', true);\nSELECT current_setting(name) FROM pg_settings WHERE name = 'work_mem'",
  ],
  ["which extensions there are", "SELECT extname FROM pg_extension ORDER BY 1"],
  ["which statistics there are", "SELECT stxname, stxkind FROM pg_statistic_ext ORDER BY stxname"],
  [
    "where a sequence stands",
    "SELECT sequencename, start_value, increment_by FROM pg_sequences WHERE sequencename = 'notes_id_seq'",
  ],
  ["which large objects there are", "SELECT oid FROM pg_largeobject_metadata"],
  [
    "a column with a default, added",
    "BEGIN;\nALTER TABLE rooms ADD COLUMN said text DEFAULT name_of(1);\nSELECT said FROM rooms;\nROLLBACK",
  ],
  [
    "a bound that is computed",
    "BEGIN;\nCREATE TABLE ranged (n integer) PARTITION BY RANGE (n);\nCREATE TABLE ranged_1 PARTITION OF ranged FOR VALUES FROM (1) TO (1 + 9);\nSELECT pg_get_expr(relpartbound, oid) FROM pg_class WHERE relname = 'ranged_1';\nROLLBACK",
  ],
]);
