import type { Told } from "./analyse.ts";
import { firstUserOid } from "./catalog.ts";
import type { Context } from "./context.ts";
import { Forbidden, Opaque } from "./outcome.ts";
import type { Scope } from "./scope.ts";
import {
  integer,
  known,
  knownFields,
  list,
  node,
  record,
  strings,
  text,
  type Fields,
} from "./tree.ts";
import { readSetting } from "./secret-settings.ts";
import { type } from "./types.ts";
import { plain } from "./value.ts";
import { applies } from "./rules.ts";

/** Nothing is asked for these (design §5). */
const free = new Set(
  `application_name client_min_messages datestyle intervalstyle timezone extra_float_digits bytea_output
   statement_timeout lock_timeout idle_in_transaction_session_timeout idle_session_timeout transaction_timeout
   transaction_isolation transaction_read_only transaction_deferrable default_transaction_isolation
   default_transaction_read_only default_transaction_deferrable escape_string_warning search_path
   restrict_nonsystem_relation_kind`.split(/\s+/),
);

/** The parser assumes these values; another one is never permitted (design §6). */
const fixed: ReadonlyMap<string, RegExp> = new Map([
  ["standard_conforming_strings", /^(on|true|yes|1|t|y)$/i],
  ["client_encoding", /^(utf-?8|unicode)$/i],
  ["backslash_quote", /^safe_encoding$/i],
]);

/** Settings under which names resolve differently afterwards. */
const changesNames = (name: string): boolean =>
  name === "search_path" || name === "role" || name === "session_authorization";

/**
 * Asks for one setting; `value` is null for its default, which is what the session began with. Start-up
 * parameters are judged by the same rule.
 */
export function askSetting(
  written: string,
  value: string | null,
  context: Pick<Context, "asked">,
): { readonly names: boolean } {
  const name = written.toLowerCase();
  const only = fixed.get(name);
  if (only) {
    if (value !== null && !only.test(value) && applies("fixed")) {
      throw new Forbidden(
        `setting \`${name}\` may not change: statements are read under its value`,
      );
    }
    return { names: false };
  }
  const connection = context.asked.resources.connection();
  if (name === "role" || name === "session_authorization") {
    if (value !== null && value.toLowerCase() !== "none" && value.toLowerCase() !== "default") {
      context.asked.act("impersonate", connection, value);
    }
  } else if (!free.has(name)) context.asked.act("set", connection, name);
  return { names: changesNames(name) };
}

function literal(value: unknown): string {
  const { kind, fields } = node(value);
  if (kind === "TypeCast") return literal(fields["arg"]);
  if (kind !== "A_Const") throw new Opaque("a setting that is not a literal");
  if ("sval" in fields) return text(record(fields["sval"])["sval"]);
  if ("ival" in fields) return String(integer(record(fields["ival"])["ival"]));
  if ("fval" in fields) return text(record(fields["fval"])["fval"]);
  return "boolval" in fields && record(fields["boolval"])["boolval"] === true ? "true" : "false";
}

const setFields = knownFields("kind", "name", "args", "is_local", "jumble_args");

/** SET and RESET. */
export function setStatement(fields: Fields, context: Context): Told {
  known(fields, "VariableSetStmt", setFields);
  const name = text(fields["name"]);
  switch (text(fields["kind"])) {
    case "VAR_SET_VALUE": {
      const value = list(fields["args"]).map(literal).join(", ");
      return { columns: null, effects: { ddl: false, ...askSetting(name, value, context) } };
    }
    case "VAR_SET_DEFAULT":
    case "VAR_RESET":
      return { columns: null, effects: { ddl: false, ...askSetting(name, null, context) } };
    case "VAR_SET_CURRENT":
      if (fixed.has(name.toLowerCase())) return { columns: null };
      throw new Opaque("SET … FROM CURRENT");
    case "VAR_RESET_ALL":
      return { columns: null, effects: { ddl: false, names: true } };
    case "VAR_SET_MULTI":
      if (name === "TRANSACTION" || name === "SESSION CHARACTERISTICS") return { columns: null };
      context.asked.act("set", context.asked.resources.connection(), name.toLowerCase());
      return { columns: null };
    default:
      throw new Opaque("a SET of unknown kind");
  }
}

/** SHOW; nothing is asked, unless it shows a secret. */
export function showStatement(fields: Fields, context: Context): Told {
  known(fields, "VariableShowStmt", knownFields("name"));
  const name = text(fields["name"]);
  readSetting(name === "all" ? null : name, context);
  const names = name === "all" ? ["name", "setting", "description"] : [showColumn(name)];
  return { columns: names.map((column) => ({ name: column, value: plain(type.text) })) };
}

/** SHOW names its column as the setting is spelled in PostgreSQL. */
const showColumn = (name: string): string => {
  const spelled = ["DateStyle", "IntervalStyle", "TimeZone"];
  return spelled.find((one) => one.toLowerCase() === name.toLowerCase()) ?? name.toLowerCase();
};

/** `set_config('name', 'value', …)` is SET; a name that is not a literal could be any. */
export function setConfig(
  args: readonly unknown[],
  scope: Scope,
  context: Context,
): { readonly names: boolean } {
  const [written, value] = args.map((arg) => (isLiteral(arg) ? literal(arg) : null));
  const name = written ?? (isNameColumn(args[0]) ? scope.setting : null);
  if (name === null || name === undefined) {
    throw new Forbidden("set_config is taken only with the setting's name as a literal");
  }
  if (fixed.has(name.toLowerCase()) && (value ?? null) === null && applies("fixed")) {
    throw new Forbidden(`setting \`${name}\` may not change: statements are read under its value`);
  }
  return askSetting(name, value ?? "?", context);
}

/**
 * `… FROM pg_settings WHERE name = 'x'`: the one setting of which such a query speaks, as pg_dump writes it to change
 * one that older servers lack. Null for every other query.
 */
export function oneSetting(where: unknown, scope: Scope, context: Context): string | null {
  const [entry, ...others] = scope.visible.named;
  const { relation } = entry ?? {};
  if (others.length > 0 || relation?.schema !== "pg_catalog" || relation.name !== "pg_settings")
    return null;
  if (where === undefined) return null;
  const { kind, fields } = node(where);
  const equal = kind === "A_Expr" && fields["kind"] === "AEXPR_OP";
  if (!equal || strings(fields["name"]).join(".") !== "=") return null;
  const operators = context.names.operators({ schema: null, name: "=" });
  if (operators.some(({ oid }) => oid >= firstUserOid)) return null;
  return isNameColumn(fields["lexpr"]) && isLiteral(fields["rexpr"])
    ? literal(fields["rexpr"])
    : null;
}

export function isNameColumn(expression: unknown): boolean {
  if (expression === undefined) return false;
  const { kind, fields } = node(expression);
  return (
    kind === "ColumnRef" &&
    node(list(fields["fields"])[0]).fields["sval"] === "name" &&
    list(fields["fields"]).length === 1
  );
}

function isLiteral(value: unknown): boolean {
  const { kind, fields } = node(value);
  return kind === "TypeCast"
    ? isLiteral(fields["arg"])
    : kind === "A_Const" && !("isnull" in fields);
}
