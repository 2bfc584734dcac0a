/**
 * The own statements that read a target's catalog. Run them in one REPEATABLE READ, READ ONLY
 * transaction after `catalogSettings`, so that they agree with each other, and hand the rows (text
 * format, in order) to `readCatalog`. Every name is qualified: a user's search_path changes nothing.
 */
export const catalogSettings = "SET search_path TO pg_catalog";

/**
 * What another transaction changes at this moment, so that printing a definition would wait for it; for as long as the
 * transaction in which the catalog is read. To be run first in it.
 */
export const lockedSetting =
  `SELECT pg_catalog.set_config('sallyport.locked', (SELECT COALESCE(pg_catalog.string_agg(DISTINCT l.relation::pg_catalog.text, ','), '') ` +
  `FROM pg_catalog.pg_locks l WHERE l.locktype OPERATOR(pg_catalog.=) 'relation' AND l.mode OPERATOR(pg_catalog.=) 'AccessExclusiveLock' ` +
  `AND l.pid OPERATOR(pg_catalog.<>) pg_catalog.pg_backend_pid() AND l.relation OPERATOR(pg_catalog.>=) 16384::pg_catalog.oid AND l.database OPERATOR(pg_catalog.=) (SELECT y.oid ` +
  `FROM pg_catalog.pg_database y WHERE y.datname OPERATOR(pg_catalog.=) pg_catalog.current_database())), true)`;

/** Whether an object is among them, or what a stored query reads; `none`: nothing is. */
function hindrances(none: boolean) {
  const no = (): string => "false";
  const locked = (oid: string): string =>
    `${oid} = ANY (pg_catalog.string_to_array(pg_catalog.current_setting('sallyport.locked', true), ',')::pg_catalog.oid[])`;
  const readsLocked = (table: string, oid: string): string =>
    `EXISTS (SELECT FROM pg_catalog.pg_depend y WHERE y.classid = 'pg_catalog.${table}'::pg_catalog.regclass
    AND y.objid = ${oid} AND y.refclassid = 'pg_catalog.pg_class'::pg_catalog.regclass AND ${locked("y.refobjid")})`;
  const lockedView = (oid: string): string =>
    `EXISTS (SELECT FROM pg_catalog.pg_rewrite z WHERE z.ev_class = ${oid} AND ${readsLocked("pg_rewrite", "z.oid")})`;
  return none
    ? { locked: no, readsLocked: no, lockedView: no }
    : { locked, readsLocked, lockedView };
}

const free = (text: string, ...hindered: readonly string[]): string =>
  `CASE WHEN ${hindered.map((one) => `NOT COALESCE(${one}, false)`).join(" AND ")} THEN ${text} END`;

/**
 * `all`: everything; `own`: what people made; `session`: the same with the session's own temporary objects, as it
 * sees them; `temporary`: those alone. What is temporary has the schema `pg_temp`.
 */
export type CatalogPart = "all" | "own" | "session" | "temporary";

const mine = "pg_catalog.pg_my_temp_schema()";
const permanent = `n.nspname !~ '^pg_(toast|temp_|toast_temp_)'`;

const visibleIn: Readonly<Record<CatalogPart, string>> = {
  all: permanent,
  own: permanent,
  session: `(${permanent} OR n.oid = ${mine})`,
  temporary: `n.oid = ${mine}`,
};

const indexKeys = "SELECT k.n FROM pg_catalog.unnest(i.indkey::int2[]) k(n) WHERE k.n > 0";
const indexUses = `SELECT d.refobjsubid::int2 FROM pg_catalog.pg_depend d
          WHERE d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass AND d.objid = i.indexrelid
            AND d.refclassid = 'pg_catalog.pg_class'::pg_catalog.regclass AND d.refobjid = i.indrelid
            AND d.refobjsubid > 0`;

/** Rows that were there before it may break it, and then show that when they are changed; NOT ENFORCED looks at none. */
const checkKind = `CASE WHEN k.convalidated OR pg_catalog.to_jsonb(k) ->> 'conenforced' = 'false' THEN 'check' ELSE 'not valid' END`;

function queriesOf(part: CatalogPart, noneLocked = false) {
  const { locked, readsLocked, lockedView } = hindrances(noneLocked);
  const temporary = part === "temporary";
  const visible = visibleIn[part];
  const schema =
    part === "all" || part === "own"
      ? "n.nspname"
      : `CASE WHEN n.oid = ${mine} THEN 'pg_temp' ELSE n.nspname END`;
  const shared = temporary ? "false" : "true";
  const made = (oid: string): string => (part === "all" ? "true" : `${oid} >= 16384`);
  const ofRelation = (oid: string): string =>
    temporary
      ? `${oid} IN (SELECT y.oid FROM pg_catalog.pg_class y WHERE y.relnamespace = ${mine})`
      : "true";
  const ofType = (oid: string): string =>
    temporary
      ? `${oid} IN (SELECT y.oid FROM pg_catalog.pg_type y WHERE y.typnamespace = ${mine})`
      : "true";
  return {
    version: `SELECT pg_catalog.current_setting('server_version_num'),
        pg_catalog.pg_has_role(session_user, 'pg_read_all_settings', 'MEMBER')`,
    schemas: `SELECT ${schema} FROM pg_catalog.pg_namespace n WHERE ${visible} ORDER BY n.oid`,
    relations: `SELECT c.oid, ${schema}, c.relname, c.relkind, c.reltype, c.relrowsecurity,
        EXISTS (SELECT FROM pg_catalog.pg_rewrite w WHERE w.ev_class = c.oid AND w.ev_type <> '1'),
        COALESCE(${locked("c.oid")}, false) OR ${lockedView("c.oid")} OR EXISTS (SELECT FROM pg_catalog.pg_policy q
          WHERE q.polrelid = c.oid AND ${readsLocked("pg_policy", "q.oid")})
      FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
      WHERE c.relkind IN ('r','p','v','m','f','S','c') AND ${visible} AND ${made("c.oid")} ORDER BY c.oid`,
    columns: `SELECT a.attrelid, a.attnum, a.attname, a.atttypid, a.atttypmod, a.attnotnull, a.attgenerated,
        ${free("pg_catalog.pg_get_expr(d.adbin, d.adrelid)", locked("d.adrelid"))}
      FROM pg_catalog.pg_attribute a JOIN pg_catalog.pg_class c ON c.oid = a.attrelid
      LEFT JOIN pg_catalog.pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
      WHERE a.attnum > 0 AND NOT a.attisdropped AND c.relkind IN ('r','p','v','m','f','S','c') AND ${made("c.oid")}
        AND ${ofRelation("a.attrelid")} ORDER BY a.attrelid, a.attnum`,
    inheritance: `SELECT i.inhrelid, i.inhparent FROM pg_catalog.pg_inherits i
      WHERE ${ofRelation("i.inhrelid")} ORDER BY 1, i.inhseqno`,
    triggers: `SELECT t.tgrelid, t.tgfoid, t.tgtype FROM pg_catalog.pg_trigger t
      WHERE NOT t.tgisinternal AND t.tgenabled <> 'D' AND ${ofRelation("t.tgrelid")} ORDER BY t.oid`,
    foreignKeys: `SELECT k.conrelid, k.confrelid, k.confdeltype, k.confupdtype,
        pg_catalog.array_to_string(k.conkey, ','), pg_catalog.array_to_string(k.confkey, ',')
      FROM pg_catalog.pg_constraint k WHERE k.contype = 'f' AND ${ofRelation("k.conrelid")} ORDER BY k.oid`,
    /**
     * Of each index its columns, those in its expressions and condition too; whether it keeps rows apart, and then
     * the columns that it compares by something else than their own equality, and its expressions.
     */
    indexColumns: `SELECT i.indrelid, pg_catalog.array_to_string(ARRAY(${indexKeys} UNION ${indexUses} ORDER BY 1), ','),
        i.indisunique OR i.indisexclusion,
        CASE WHEN i.indisexclusion THEN pg_catalog.array_to_string(ARRAY(${indexKeys} UNION ${indexUses} ORDER BY 1), ',')
          WHEN i.indisunique THEN pg_catalog.array_to_string(ARRAY(${indexUses} EXCEPT ${indexKeys} ORDER BY 1), ',') END,
        CASE WHEN i.indisunique AND NOT i.indisexclusion
          THEN ${free("pg_catalog.pg_get_expr(i.indexprs, i.indrelid)", locked("i.indrelid"))} END
      FROM pg_catalog.pg_index i WHERE i.indrelid >= 16384 AND ${ofRelation("i.indrelid")} ORDER BY i.indexrelid`,
    /**
     * Functions outside the built-in ones that writing to a relation, or to a domain, reaches. `aside`: only ANALYZE does,
     * of a domain only where a column has no default of its own.
     */
    reaches: `SELECT DISTINCT x.relation, x.type, x.function, x.aside FROM (
        SELECT COALESCE(f.adrelid, k.conrelid, i.indrelid, t.partrelid, p.polrelid, s.stxrelid, 0) AS relation,
          COALESCE(k.contypid, y.oid, 0) AS type, s.oid IS NOT NULL OR y.oid IS NOT NULL AS aside,
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
        LEFT JOIN pg_catalog.pg_type y ON d.classid = 'pg_catalog.pg_type'::pg_catalog.regclass AND y.oid = d.objid
          AND y.typtype = 'd'
        WHERE d.refobjid >= 16384 AND d.refclassid IN ('pg_catalog.pg_proc'::pg_catalog.regclass,
          'pg_catalog.pg_operator'::pg_catalog.regclass, 'pg_catalog.pg_opclass'::pg_catalog.regclass)) x
      WHERE x.relation <> 0 AND ${ofRelation("x.relation")} OR x.type <> 0 AND ${ofType("x.type")} ORDER BY 1, 2, 3, 4`,
    expressions: `SELECT k.conrelid, k.contypid, ${free("pg_catalog.pg_get_expr(k.conbin, k.conrelid)", locked("k.conrelid"))}, ${checkKind}
        FROM pg_catalog.pg_constraint k WHERE k.contype = 'c' AND k.oid >= 16384
          AND (${ofRelation("k.conrelid")} OR ${ofType("k.contypid")})
      UNION ALL SELECT k.conrelid, 0, pg_catalog.quote_ident(a.attname) || ' IS NOT NULL', 'not valid'
        FROM pg_catalog.pg_constraint k JOIN pg_catalog.pg_attribute a ON a.attrelid = k.conrelid AND a.attnum = k.conkey[1]
        WHERE k.contype = 'n' AND NOT k.convalidated AND ${ofRelation("k.conrelid")}
      UNION ALL SELECT i.indrelid, 0, ${free("pg_catalog.concat_ws(', ', pg_catalog.pg_get_expr(i.indexprs, i.indrelid), pg_catalog.pg_get_expr(i.indpred, i.indrelid))", locked("i.indrelid"))}, 'index'
        FROM pg_catalog.pg_index i WHERE i.indrelid >= 16384 AND (i.indexprs IS NOT NULL OR i.indpred IS NOT NULL) AND ${ofRelation("i.indrelid")}
      UNION ALL SELECT p.polrelid, 0, ${free("pg_catalog.concat_ws(', ', pg_catalog.pg_get_expr(p.polqual, p.polrelid), pg_catalog.pg_get_expr(p.polwithcheck, p.polrelid))", locked("p.polrelid"), readsLocked("pg_policy", "p.oid"))}, 'policy'
        FROM pg_catalog.pg_policy p WHERE ${ofRelation("p.polrelid")}
      UNION ALL SELECT s.stxrelid, 0, ${free("pg_catalog.pg_get_expr(s.stxexprs, s.stxrelid)", locked("s.stxrelid"))}, 'statistics'
        FROM pg_catalog.pg_statistic_ext s WHERE s.stxexprs IS NOT NULL AND ${ofRelation("s.stxrelid")}
      UNION ALL SELECT 0, t.oid, pg_catalog.pg_get_expr(t.typdefaultbin, 0), 'default'
        FROM pg_catalog.pg_type t WHERE t.typtype = 'd' AND t.typdefaultbin IS NOT NULL AND t.oid >= 16384 AND ${ofType("t.oid")}`,
    types: `SELECT t.oid, ${schema}, t.typname, t.typtype, t.typcategory, t.typispreferred, t.typbasetype,
        CASE WHEN t.typlen = -1 AND t.typelem <> 0 AND e.typarray = t.oid THEN t.typelem ELSE 0 END, t.typarray, t.typrelid
      FROM pg_catalog.pg_type t JOIN pg_catalog.pg_namespace n ON n.oid = t.typnamespace
      LEFT JOIN pg_catalog.pg_type e ON e.oid = t.typelem
      WHERE ${visible} AND ${made("t.oid")} ORDER BY t.oid`,
    functions: `SELECT p.oid, ${schema}, p.proname, pg_catalog.array_to_string(p.proargtypes::oid[], ','), p.prorettype,
        p.provolatile, l.lanname, p.prokind, p.prosecdef, p.proleakproof, p.proretset, p.pronargdefaults, p.provariadic,
        pg_catalog.array_to_string(p.proallargtypes, ','), pg_catalog.array_to_string(p.proargmodes, ','),
        pg_catalog.to_json(p.proargnames)
      FROM pg_catalog.pg_proc p JOIN pg_catalog.pg_namespace n ON n.oid = p.pronamespace
      JOIN pg_catalog.pg_language l ON l.oid = p.prolang WHERE ${visible} AND ${made("p.oid")} ORDER BY p.oid`,
    languages: `SELECT l.lanname FROM pg_catalog.pg_language l WHERE ${shared} ORDER BY l.oid`,
    operators: `SELECT o.oid, ${schema}, o.oprname, o.oprleft, o.oprright, o.oprresult, o.oprcode::pg_catalog.oid
      FROM pg_catalog.pg_operator o JOIN pg_catalog.pg_namespace n ON n.oid = o.oprnamespace
      WHERE o.oprcode <> 0 AND ${visible} AND ${made("o.oid")} ORDER BY o.oid`,
    casts: `SELECT k.castsource, k.casttarget, k.castfunc, k.castcontext, k.castmethod, k.oid
      FROM pg_catalog.pg_cast k WHERE ${shared} AND ${made("k.oid")} ORDER BY k.oid`,
    /** Printed under `catalogSettings`, so that every name outside pg_catalog is qualified. */
    definitions: `SELECT c.oid, ${free("pg_catalog.pg_get_viewdef(c.oid)", locked("c.oid"), lockedView("c.oid"))} FROM pg_catalog.pg_class c
      JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
      WHERE c.relkind IN ('v','m') AND c.oid >= 16384 AND ${visible} ORDER BY c.oid`,
    bodies: `SELECT p.oid, COALESCE(${free("pg_catalog.pg_get_function_sqlbody(p.oid)", readsLocked("pg_proc", "p.oid"))}, p.prosrc), p.prosqlbody IS NOT NULL,
        p.proconfig IS NOT NULL, p.proisstrict
      FROM pg_catalog.pg_proc p JOIN pg_catalog.pg_namespace n ON n.oid = p.pronamespace
      JOIN pg_catalog.pg_language l ON l.oid = p.prolang
      WHERE l.lanname = 'sql' AND p.oid >= 16384 AND ${visible} ORDER BY p.oid`,
    eventTriggers: `SELECT e.evtfoid FROM pg_catalog.pg_event_trigger e WHERE e.evtenabled <> 'D' AND ${shared} ORDER BY e.oid`,
  } as const;
}

export const catalogQueries = queriesOf("all");

export type CatalogQuery = keyof typeof catalogQueries;

/** Of `catalogQueries` what people made: oids from 16384 on. */
export const ownQueries: Readonly<Record<CatalogQuery, string>> = queriesOf("own");

/** The same where nothing is locked: `lockedSetting` has told so in the transaction. */
export const ownQueriesUnlocked: typeof ownQueries = queriesOf("own", true);

/** The same as a session sees it: `catalogQueries` of that part. */
export const sessionQueries = (
  part: "session" | "temporary",
): Readonly<Record<CatalogQuery, string>> => queriesOf(part);

const mark = (table: string, key = "x.oid", of: string | null = null): string =>
  `(SELECT pg_catalog.md5(COALESCE(pg_catalog.string_agg(${key} || ':' || x.xmin, ',' ORDER BY ${key}), ''))
    FROM pg_catalog.${table} x${of === null ? "" : ` WHERE ${of} < 16384`})`;

/** One text: it differs when an object that initdb made has changed, or what hangs on one. */
export const builtinDigest = `pg_catalog.md5(${[
  mark("pg_class", "x.oid", "x.oid"),
  mark("pg_attribute", "(x.attrelid || '.' || x.attnum)", "x.attrelid"),
  mark("pg_attrdef", "x.oid", "x.adrelid"),
  mark("pg_inherits", "(x.inhrelid || '.' || x.inhseqno)", "x.inhrelid"),
  mark("pg_trigger", "x.oid", "x.tgrelid"),
  mark("pg_constraint", "x.oid", "(CASE WHEN x.conrelid = 0 THEN x.contypid ELSE x.conrelid END)"),
  mark("pg_index", "x.indexrelid", "x.indrelid"),
  mark("pg_rewrite", "x.oid", "x.ev_class"),
  mark("pg_policy", "x.oid", "x.polrelid"),
  mark("pg_statistic_ext", "x.oid", "x.stxrelid"),
  mark("pg_type", "x.oid", "x.oid"),
  mark("pg_proc", "x.oid", "x.oid"),
  mark("pg_operator", "x.oid", "x.oid"),
  mark("pg_cast", "x.oid", "x.oid"),
].join(" || ")})`;
