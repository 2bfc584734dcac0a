-- What only a superuser can give, in the database behind the gateway and in the bare one, before target.sql.
CREATE EXTENSION pg_stat_statements SCHEMA public;
CREATE EXTENSION tsm_system_rows SCHEMA public;
CREATE EXTENSION tablefunc SCHEMA public;
CREATE EXTENSION file_fdw SCHEMA public;
-- An account that may read more than it needs.
GRANT SELECT ON pg_statistic, pg_statistic_ext_data, pg_largeobject TO shop_app;
CREATE SERVER files FOREIGN DATA WRAPPER file_fdw;
CREATE FOREIGN TABLE afar (line text) SERVER files OPTIONS (program 'echo canary-afar');
GRANT SELECT ON afar TO shop_app;
GRANT pg_read_all_settings TO shop_app;
