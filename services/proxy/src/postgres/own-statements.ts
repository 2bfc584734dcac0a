/**
 * Everything that the proxy itself says to a target inside a session, besides the catalog's fixed texts
 * (libs/sql) and the log-in: run without a clearance, recorded as events of kind `own`.
 */
export const ownStatements = {
  /**
   * Fails an open transaction after a refusal, a pipeline's implicit one too: no name in it that anybody
   * could define, because it is no SQL.
   */
  "fail-transaction": "sallyport refused a command of this transaction",
  /** What names mean from now on; every name in it is qualified, so that search_path has no say. */
  "read-names":
    "SELECT pg_catalog.array_to_json(pg_catalog.current_schemas(true))::pg_catalog.text, current_user::pg_catalog.text, " +
    "session_user::pg_catalog.text, " +
    "pg_catalog.current_setting('standard_conforming_strings'), pg_catalog.current_setting('backslash_quote'), " +
    "CASE WHEN pg_catalog.pg_my_temp_schema() OPERATOR(pg_catalog.<>) 0::pg_catalog.oid THEN (" +
    "SELECT pg_catalog.json_agg(n.name)::pg_catalog.text FROM (SELECT c.relname AS name FROM pg_catalog.pg_class c " +
    "WHERE c.relnamespace OPERATOR(pg_catalog.=) pg_catalog.pg_my_temp_schema() UNION ALL " +
    "SELECT t.typname FROM pg_catalog.pg_type t " +
    "WHERE t.typnamespace OPERATOR(pg_catalog.=) pg_catalog.pg_my_temp_schema()) n) END, " +
    "pg_catalog.current_schema()::pg_catalog.text, " +
    "p.protocol, p.sql FROM (SELECT (pg_catalog.json_agg(s.name) FILTER (WHERE NOT s.from_sql))::pg_catalog.text, " +
    "pg_catalog.count(*) FILTER (WHERE s.from_sql)::pg_catalog.text " +
    "FROM pg_catalog.pg_prepared_statements s) p(protocol, sql)",
} as const;

/** Around what is read of the catalog inside a client's transaction: nothing of it stays, no lock and no setting. */
export const apart = {
  begin: `SAVEPOINT "sallyport reads the catalog"`,
  undo: `ROLLBACK TO SAVEPOINT "sallyport reads the catalog"`,
  end: `RELEASE SAVEPOINT "sallyport reads the catalog"`,
} as const;

export type OwnPurpose = keyof typeof ownStatements;
