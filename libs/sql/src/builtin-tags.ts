import { firstUserOid, type Relation } from "./catalog.ts";

/** System relations that hold other tables' values, or what other sessions said. */
const values = new Set([
  "pg_statistic",
  "pg_statistic_ext_data",
  "pg_stats",
  "pg_stats_ext",
  "pg_stats_ext_exprs",
  "pg_largeobject",
  "pg_stat_activity",
  "pg_prepared_statements",
  "pg_cursors",
]);

/** System relations that hold passwords, password hashes or connection strings. */
const secrets = new Set([
  "pg_authid",
  "pg_shadow",
  "pg_user_mapping",
  "pg_user_mappings",
  "pg_subscription",
  "pg_foreign_server",
  "pg_foreign_table",
  "pg_foreign_data_wrapper",
  "pg_db_role_setting",
  "pg_stat_wal_receiver",
  "pg_hba_file_rules",
  "pg_ident_file_mappings",
  "pg_file_settings",
  "_pg_foreign_servers",
  "_pg_foreign_tables",
  "_pg_foreign_table_columns",
  "_pg_foreign_data_wrappers",
  "_pg_user_mappings",
  "foreign_data_wrapper_options",
  "foreign_server_options",
  "foreign_table_options",
  "column_options",
  "user_mapping_options",
]);

/** Extensions' relations, wherever their schema is. */
const extensionValues = new Set([
  "pg_stat_statements",
  "pg_stat_statements_info",
  "pg_buffercache",
]);

export const isBuiltin = (relation: Relation): boolean =>
  relation.oid < firstUserOid &&
  (relation.schema === "pg_catalog" || relation.schema === "information_schema");

/** The tags with which the baseline of policies speaks of system relations. */
export function builtinTags(relation: Relation): readonly string[] {
  if (extensionValues.has(relation.name)) return ["builtin:values"];
  if (!isBuiltin(relation)) return [];
  if (values.has(relation.name)) return ["builtin:values"];
  if (secrets.has(relation.name)) return ["builtin:secrets"];
  return [];
}
