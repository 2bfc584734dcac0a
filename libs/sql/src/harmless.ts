import { firstUserOid, type Catalog, type Func, type Type } from "./catalog.ts";

/**
 * Built-in functions that are not immutable and yet read no user data and change nothing: clocks,
 * session facts, formatting, descriptions of the catalog that everyone may read anyway.
 */
const harmlessByName = new Set(
  `now statement_timestamp transaction_timestamp clock_timestamp timeofday age date_part extract date_trunc
   date_bin timezone to_char to_date to_timestamp to_number date timestamp timestamptz time timetz interval
   overlaps date_eq_timestamptz isfinite make_timestamptz date_add date_subtract
   random random_normal gen_random_uuid uuidv4 uuidv7
   concat concat_ws format quote_literal quote_nullable text varchar bpchar name
   length to_json to_jsonb row_to_json array_to_json json_build_object json_build_array jsonb_build_object
   jsonb_build_array json_object json_populate_record jsonb_populate_record json_populate_recordset
   jsonb_populate_recordset json_to_record jsonb_to_record json_to_recordset jsonb_to_recordset
   jsonb_path_exists_tz jsonb_path_match_tz jsonb_path_query_tz jsonb_path_query_array_tz jsonb_path_query_first_tz
   array_to_string enum_first enum_last enum_range
   to_tsvector to_tsquery plainto_tsquery phraseto_tsquery websearch_to_tsquery ts_headline
   generate_series unnest
   current_database current_schema current_schemas current_user session_user user version current_setting
   pg_backend_pid pg_postmaster_start_time pg_conf_load_time pg_is_in_recovery pg_my_temp_schema
   pg_is_other_temp_schema inet_client_addr inet_client_port inet_server_addr inet_server_port
   pg_typeof format_type col_description obj_description shobj_description
   pg_get_userbyid pg_get_constraintdef pg_get_indexdef pg_get_viewdef pg_get_expr pg_get_partkeydef
   pg_get_partition_constraintdef pg_get_ruledef pg_get_triggerdef pg_get_functiondef pg_get_function_arguments
   pg_get_function_identity_arguments pg_get_function_result pg_get_function_sqlbody pg_get_function_arg_default
   pg_get_statisticsobjdef pg_get_statisticsobjdef_columns pg_get_statisticsobjdef_expressions
   pg_get_serial_sequence pg_get_keywords pg_get_replica_identity_index pg_get_catalog_foreign_keys
   pg_describe_object pg_identify_object pg_encoding_to_char pg_char_to_encoding pg_client_encoding
   pg_table_is_visible pg_type_is_visible pg_function_is_visible pg_operator_is_visible pg_opclass_is_visible
   pg_opfamily_is_visible pg_conversion_is_visible pg_statistics_obj_is_visible pg_ts_parser_is_visible
   pg_ts_dict_is_visible pg_ts_template_is_visible pg_ts_config_is_visible pg_collation_is_visible
   has_table_privilege has_column_privilege has_any_column_privilege has_schema_privilege has_database_privilege
   has_function_privilege has_language_privilege has_sequence_privilege has_server_privilege
   has_tablespace_privilege has_type_privilege has_foreign_data_wrapper_privilege has_parameter_privilege
   pg_has_role row_security_active aclexplode acldefault
   pg_relation_size pg_total_relation_size pg_table_size pg_indexes_size pg_database_size pg_tablespace_size
   pg_relation_filenode pg_tablespace_location pg_size_pretty pg_options_to_table
   pg_partition_root pg_partition_ancestors pg_partition_tree pg_relation_is_publishable
   pg_index_column_has_property pg_index_has_property pg_indexam_has_property pg_collation_actual_version
   pg_column_size pg_column_compression pg_sequence_parameters
   to_regclass to_regtype to_regproc to_regprocedure to_regoper to_regoperator to_regnamespace to_regrole
   to_regcollation to_regtypemod
   lastval txid_current txid_current_if_assigned pg_current_xact_id pg_current_xact_id_if_assigned
   pg_export_snapshot pg_current_snapshot txid_current_snapshot pg_xact_status txid_status
   json_agg jsonb_agg json_object_agg jsonb_object_agg json_agg_strict jsonb_agg_strict
   suppress_redundant_updates_trigger tsvector_update_trigger`.split(/\s+/),
);

const languages = new Set(["internal", "sql"]);

/** A built-in that provably reads no user data and changes nothing. */
export function isHarmless(func: Func): boolean {
  if (func.oid >= firstUserOid || func.schema !== "pg_catalog" || !languages.has(func.language)) {
    return false;
  }
  if (func.kind === "p") return false;
  if (func.kind === "a" || func.kind === "w" || func.volatility === "i") return true;
  return harmlessByName.has(func.name);
}

/** Volatile built-ins that run no other code, no text that is SQL, and change no setting. */
const leavingSession =
  /^(pg_(try_)?advisory_\w+|pg_sleep\w*|pg_notify|nextval|setval|currval|setseed|pg_(cancel|terminate)_backend|pg_stat_\w+|pg_blocking_pids|pg_lock_status|lo_\w+|loread|lowrite|pg_read_\w+|pg_ls_\w+|pg_current_\w+|txid_\w+)$/;

/** Whether a built-in that is asked as `execute` leaves the session's settings, prepared statements and cursors alone. */
export const leavesSession = (func: Func): boolean =>
  func.oid < firstUserOid && func.schema === "pg_catalog" && leavingSession.test(func.name);

/** Look up casts to json by type (to_json and its kin use a user's cast where there is one). */
const callsJsonCast =
  /^(row_to|to_|array_to_)?jsonb?(_build_(object|array)|_object|_agg|_object_agg|_agg_strict)?$/;

/** Whether this catalog's user-made casts let a harmless built-in run a user's function. */
export const reachesUserCast = (catalog: Catalog, func: Func): boolean =>
  callsJsonCast.test(func.name) && (catalog.userCastTo(114) || catalog.userCastTo(3802));

const totalOperators = new Set(["->", "->>", "#>", "#>>"]);

/** The same for operators; those that answer true or false are decisions. Not everything can be put together. */
export const isTotalOperator = (name: string, types: readonly (Type | undefined)[]): boolean =>
  totalOperators.has(name) ||
  (name === "||" && types.every((type) => type && type.element === 0 && type.category !== "U"));

/** Built-ins that take values of user-made types without running their code. */
const blindToTypes = new Set(
  `count row_to_json to_json to_jsonb json_agg jsonb_agg json_build_array jsonb_build_array json_build_object
   jsonb_build_object json_object_agg jsonb_object_agg array_agg array_to_json pg_typeof pg_column_size lag lead
   first_value last_value nth_value any_value unnest array_length cardinality concat concat_ws format`.split(
    /\s+/,
  ),
);

export const isBlindToTypes = (func: Func): boolean => blindToTypes.has(func.name);

const call = /([a-z_][a-z0-9_]*|"(?:[^"]|"")+")\s*\(/gi;

/** Words that stand before a parenthesis in expressions as PostgreSQL prints them, and call nothing. */
const notCalls = new Set(
  `and or not in any all some case when then else end is like ilike similar between check array row coalesce
   nullif greatest least cast extract overlay position substring trim using from as values exclude where with
   references deferrable numeric varchar character bit varbit decimal timestamp time interval char bpchar precision
   exists select distinct on collate varying zone normalize xmlelement xmlforest`.split(/\s+/),
);

/** Names of what an expression's text calls; built-ins are printed without their schema. */
export function callsIn(expression: string): string[] {
  const withoutLiterals = expression.replaceAll(/'(?:[^']|'')*'/g, "''");
  const names: string[] = [];
  for (const [, name = ""] of withoutLiterals.matchAll(call)) {
    const raw = name.startsWith('"') ? name.slice(1, -1).replaceAll('""', '"') : name.toLowerCase();
    if (!notCalls.has(raw)) names.push(raw);
  }
  return names;
}
