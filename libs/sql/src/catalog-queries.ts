/**
 * The own statements that read a target's catalog. Run them in one REPEATABLE READ, READ ONLY
 * transaction after `catalogSettings`, so that they agree with each other, and hand the rows (text
 * format, in order) to `readCatalog`. Every name is qualified: a user's search_path changes nothing.
 */
export const catalogSettings = "SET search_path TO pg_catalog";

const visible = `n.nspname !~ '^pg_(toast|temp_|toast_temp_)'`;

export const catalogQueries = {
  version: `SELECT pg_catalog.current_setting('server_version_num')`,
  schemas: `SELECT n.nspname FROM pg_catalog.pg_namespace n WHERE ${visible} ORDER BY n.oid`,
  relations: `SELECT c.oid, n.nspname, c.relname, c.relkind, c.reltype, c.relrowsecurity,
      EXISTS (SELECT FROM pg_catalog.pg_rewrite w WHERE w.ev_class = c.oid AND w.ev_type <> '1')
    FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
    WHERE c.relkind IN ('r','p','v','m','f','S','c') AND ${visible} ORDER BY c.oid`,
  columns: `SELECT a.attrelid, a.attnum, a.attname, a.atttypid, a.atttypmod, a.attnotnull, a.attgenerated,
      pg_catalog.pg_get_expr(d.adbin, d.adrelid)
    FROM pg_catalog.pg_attribute a JOIN pg_catalog.pg_class c ON c.oid = a.attrelid
    LEFT JOIN pg_catalog.pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
    WHERE a.attnum > 0 AND NOT a.attisdropped AND c.relkind IN ('r','p','v','m','f','S','c')
    ORDER BY a.attrelid, a.attnum`,
  inheritance: `SELECT i.inhrelid, i.inhparent FROM pg_catalog.pg_inherits i ORDER BY 1, i.inhseqno`,
  triggers: `SELECT t.tgrelid, t.tgfoid, t.tgtype FROM pg_catalog.pg_trigger t
    WHERE NOT t.tgisinternal AND t.tgenabled <> 'D' ORDER BY t.oid`,
  foreignKeys: `SELECT k.conrelid, k.confrelid, k.confdeltype, k.confupdtype,
      pg_catalog.array_to_string(k.conkey, ','), pg_catalog.array_to_string(k.confkey, ',')
    FROM pg_catalog.pg_constraint k WHERE k.contype = 'f' ORDER BY k.oid`,
  /** Of each index its columns, those in its expressions and condition too, and whether it keeps rows apart. */
  indexColumns: `SELECT i.indrelid, pg_catalog.array_to_string(ARRAY(
      SELECT k.n FROM pg_catalog.unnest(i.indkey::int2[]) k(n) WHERE k.n > 0
      UNION SELECT d.refobjsubid::int2 FROM pg_catalog.pg_depend d
        WHERE d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass AND d.objid = i.indexrelid
          AND d.refclassid = 'pg_catalog.pg_class'::pg_catalog.regclass AND d.refobjid = i.indrelid
          AND d.refobjsubid > 0
      ORDER BY 1), ','), i.indisunique OR i.indisexclusion
    FROM pg_catalog.pg_index i WHERE i.indrelid >= 16384 ORDER BY i.indexrelid`,
  /** Functions outside the built-in ones that writing to a relation, or to a domain, reaches. */
  reaches: `SELECT DISTINCT x.relation, x.type, x.function, x.statistics FROM (
      SELECT COALESCE(f.adrelid, k.conrelid, i.indrelid, t.partrelid, p.polrelid, s.stxrelid, 0) AS relation,
        COALESCE(k.contypid, 0) AS type, s.oid IS NOT NULL AS statistics,
        CASE WHEN d.refclassid = 'pg_catalog.pg_operator'::pg_catalog.regclass
          THEN (SELECT o.oprcode::pg_catalog.oid FROM pg_catalog.pg_operator o WHERE o.oid = d.refobjid)
          WHEN d.refclassid = 'pg_catalog.pg_opclass'::pg_catalog.regclass THEN 0
          ELSE d.refobjid END AS function
      FROM pg_catalog.pg_depend d
      LEFT JOIN pg_catalog.pg_attrdef f ON d.classid = 'pg_catalog.pg_attrdef'::pg_catalog.regclass AND f.oid = d.objid
      LEFT JOIN pg_catalog.pg_constraint k ON d.classid = 'pg_catalog.pg_constraint'::pg_catalog.regclass AND k.oid = d.objid
      LEFT JOIN pg_catalog.pg_index i ON d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass AND i.indexrelid = d.objid
      LEFT JOIN pg_catalog.pg_partitioned_table t ON d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass AND t.partrelid = d.objid
      LEFT JOIN pg_catalog.pg_policy p ON d.classid = 'pg_catalog.pg_policy'::pg_catalog.regclass AND p.oid = d.objid
      LEFT JOIN pg_catalog.pg_statistic_ext s ON d.classid = 'pg_catalog.pg_statistic_ext'::pg_catalog.regclass
        AND s.oid = d.objid
      WHERE d.refobjid >= 16384 AND d.refclassid IN ('pg_catalog.pg_proc'::pg_catalog.regclass,
        'pg_catalog.pg_operator'::pg_catalog.regclass, 'pg_catalog.pg_opclass'::pg_catalog.regclass)) x
    WHERE x.relation <> 0 OR x.type <> 0 ORDER BY 1, 2, 3, 4`,
  expressions: `SELECT k.conrelid, k.contypid, pg_catalog.pg_get_expr(k.conbin, k.conrelid), 'check'
      FROM pg_catalog.pg_constraint k WHERE k.contype = 'c' AND k.oid >= 16384
    UNION ALL SELECT i.indrelid, 0, pg_catalog.concat_ws(', ', pg_catalog.pg_get_expr(i.indexprs, i.indrelid),
        pg_catalog.pg_get_expr(i.indpred, i.indrelid)), 'index'
      FROM pg_catalog.pg_index i WHERE i.indrelid >= 16384 AND (i.indexprs IS NOT NULL OR i.indpred IS NOT NULL)
    UNION ALL SELECT p.polrelid, 0, pg_catalog.concat_ws(', ', pg_catalog.pg_get_expr(p.polqual, p.polrelid),
        pg_catalog.pg_get_expr(p.polwithcheck, p.polrelid)), 'policy'
      FROM pg_catalog.pg_policy p
    UNION ALL SELECT s.stxrelid, 0, pg_catalog.pg_get_expr(s.stxexprs, s.stxrelid), 'statistics'
      FROM pg_catalog.pg_statistic_ext s WHERE s.stxexprs IS NOT NULL`,
  types: `SELECT t.oid, n.nspname, t.typname, t.typtype, t.typcategory, t.typispreferred, t.typbasetype,
      CASE WHEN t.typlen = -1 AND t.typelem <> 0 AND e.typarray = t.oid THEN t.typelem ELSE 0 END, t.typarray, t.typrelid
    FROM pg_catalog.pg_type t JOIN pg_catalog.pg_namespace n ON n.oid = t.typnamespace
    LEFT JOIN pg_catalog.pg_type e ON e.oid = t.typelem
    WHERE ${visible} ORDER BY t.oid`,
  functions: `SELECT p.oid, n.nspname, p.proname, pg_catalog.array_to_string(p.proargtypes::oid[], ','), p.prorettype,
      p.provolatile, l.lanname, p.prokind, p.prosecdef, p.proleakproof, p.proretset, p.pronargdefaults, p.provariadic,
      pg_catalog.array_to_string(p.proallargtypes, ','), pg_catalog.array_to_string(p.proargmodes, ','),
      pg_catalog.to_json(p.proargnames)
    FROM pg_catalog.pg_proc p JOIN pg_catalog.pg_namespace n ON n.oid = p.pronamespace
    JOIN pg_catalog.pg_language l ON l.oid = p.prolang WHERE ${visible} ORDER BY p.oid`,
  operators: `SELECT o.oid, n.nspname, o.oprname, o.oprleft, o.oprright, o.oprresult, o.oprcode::pg_catalog.oid
    FROM pg_catalog.pg_operator o JOIN pg_catalog.pg_namespace n ON n.oid = o.oprnamespace
    WHERE o.oprcode <> 0 AND ${visible} ORDER BY o.oid`,
  casts: `SELECT k.castsource, k.casttarget, k.castfunc, k.castcontext, k.castmethod, k.oid
    FROM pg_catalog.pg_cast k ORDER BY k.oid`,
  /** Printed under `catalogSettings`, so that every name outside pg_catalog is qualified. */
  definitions: `SELECT c.oid, pg_catalog.pg_get_viewdef(c.oid) FROM pg_catalog.pg_class c
    JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
    WHERE c.relkind IN ('v','m') AND c.oid >= 16384 AND ${visible} ORDER BY c.oid`,
  bodies: `SELECT p.oid, COALESCE(pg_catalog.pg_get_function_sqlbody(p.oid), p.prosrc), p.prosqlbody IS NOT NULL,
      p.proconfig IS NOT NULL, p.proisstrict
    FROM pg_catalog.pg_proc p JOIN pg_catalog.pg_namespace n ON n.oid = p.pronamespace
    JOIN pg_catalog.pg_language l ON l.oid = p.prolang
    WHERE l.lanname = 'sql' AND p.oid >= 16384 AND ${visible} ORDER BY p.oid`,
  eventTriggers: `SELECT e.evtfoid FROM pg_catalog.pg_event_trigger e WHERE e.evtenabled <> 'D' ORDER BY e.oid`,
} as const;

export type CatalogQuery = keyof typeof catalogQueries;

const mark = (table: string, key = "x.oid"): string =>
  `(SELECT pg_catalog.md5(COALESCE(pg_catalog.string_agg(${key} || ':' || x.xmin, ',' ORDER BY ${key}), ''))
    FROM pg_catalog.${table} x)`;

/**
 * One row, one text: it differs when anything that `catalogQueries` reads has changed. A few
 * milliseconds on the target.
 */
export const digestQuery = `SELECT pg_catalog.md5(${[
  mark("pg_namespace"),
  mark("pg_class"),
  mark("pg_attribute", "(x.attrelid || '.' || x.attnum)"),
  mark("pg_attrdef"),
  mark("pg_inherits", "(x.inhrelid || '.' || x.inhseqno)"),
  mark("pg_trigger"),
  mark("pg_constraint"),
  mark("pg_index", "x.indexrelid"),
  mark("pg_rewrite"),
  mark("pg_policy"),
  mark("pg_statistic_ext"),
  mark("pg_type"),
  mark("pg_proc"),
  mark("pg_operator"),
  mark("pg_opclass"),
  mark("pg_cast"),
  mark("pg_event_trigger"),
].join(" || ")})`;
