import type { Told } from "./analyse.ts";
import { fixedNames } from "./calls-made.ts";
import { firstUserOid, type Func, type FunctionBody } from "./catalog.ts";
import { Context } from "./context.ts";
import { defined } from "./ddl-tables.ts";
import { evaluate } from "./expressions.ts";
import { refuseUnknownLanguage } from "./languages.ts";
import { missingSchema, nameOf } from "./names.ts";
import { Asked } from "./operations.ts";
import { Opaque } from "./outcome.ts";
import { Scope } from "./scope.ts";
import { readBody, voidType } from "./sql-functions.ts";
import { storedCode } from "./stored-code.ts";
import { known, knownFields, list, only, record, strings, text, type Fields } from "./tree.ts";
import { reachInput } from "./type-inputs.ts";
import { namedType, type as types } from "./types.ts";
import { plain, union } from "./value.ts";

/** Options that change neither how a body is read nor who runs it with what. */
const readOptions = new Set("language as volatility strict security cost rows parallel".split(" "));

/**
 * CREATE FUNCTION and PROCEDURE. What is written in SQL, with names that mean the same whoever calls it, asks what its
 * body asks, and to store what it gives. What does more than read is handed the arguments of everybody who calls it.
 * @throws {Opaque} for other languages, settings of its own and names that depend on search_path
 */
export function createFunction(fields: Fields, context: Context): Told {
  const name = nameOf(strings(fields["funcname"]));
  const missing = missingSchema(context.catalog, name.schema, -1);
  if (missing) throw missing;
  const schema = name.schema ?? context.names.creationSchema();
  refuseUnknownLanguage(
    fields["options"],
    fields["is_procedure"] === true ? "procedure" : "function",
    context,
  );
  const { asked } = context;
  asked.act("create", asked.resources.namedFunction(schema, name.name));
  if (fields["replace"] === true)
    asked.act("alter", asked.resources.namedFunction(schema, name.name));
  if (/^pg_(toast_)?temp(_|$)/.test(schema)) throw new Opaque("a temporary function");
  storedCode(() => readCode(fields, schema, name.name, context));
  return { columns: null, effects: defined };
}

function readCode(fields: Fields, schema: string, name: string, context: Context): void {
  known(
    fields,
    "CreateFunctionStmt",
    knownFields(
      "is_procedure",
      "replace",
      "funcname",
      "parameters",
      "returnType",
      "options",
      "sql_body",
    ),
  );
  const options = new Map(
    list(fields["options"]).map((item) => {
      const option = only(item, "DefElem");
      return [text(option["defname"]), option["arg"]] as const;
    }),
  );
  for (const option of options.keys())
    if (!readOptions.has(option)) throw new Opaque(`a function with ${option.toUpperCase()}`);
  const language = options.get("language");
  const atomic = fields["sql_body"] !== undefined;
  if (language === undefined ? !atomic : text(only(language, "String")["sval"]) !== "sql")
    throw new Opaque("a function's body that is not SQL");
  const written = atomic ? null : bodyText(options.get("as"));
  const tree = written === null ? null : context.catalog.stored(written, "once");
  if (written !== null && (!tree || !fixedNames(tree.stmts, context)))
    throw new Opaque("a function's body whose names depend on who calls it");
  const statements: readonly Fields[] = tree
    ? tree.stmts
    : [{ stmt: { CreateFunctionStmt: fields } }];
  const strict = options.get("strict");
  const body: FunctionBody = {
    text: written ?? "",
    atomic,
    configured: false,
    strict: strict !== undefined && only(strict, "Boolean")["boolval"] === true,
    names: [],
  };
  const func = signature(fields, schema, name, context);
  const inner = new Context(
    context.names,
    context.classification,
    new Asked(context.asked.resources),
    [],
    // A body that is text, of a function that this one calls, is resolved by whoever calls this one.
    { caller: context, callers: [], sessionNames: null },
  );
  const passed = func.arguments.map((type) => plain(type));
  const traced = readBody(
    func,
    { ...body, names: func.names },
    statements,
    passed,
    func.result,
    inner,
  );
  if (!traced || inner.changesNames) throw new Opaque("a function's body that is not followed");
  const shown = [traced.value, ...traced.columns.map(({ value }) => value)];
  context.include(inner);
  context.keep(union(...shown.map(({ columns }) => columns)), "query");
  if (inner.asked.operations.list().some(({ action }) => action !== "read"))
    context.keep(context.classification.all, "handed");
}

function bodyText(written: unknown): string {
  const [sole, ...others] = written === undefined ? [] : list(only(written, "List")["items"]);
  if (sole === undefined || others.length > 0)
    throw new Opaque("a function's body of another form");
  return text(only(sole, "String")["sval"]);
}

/** As the catalog will have it. @throws {Opaque} for types that stand for any type */
function signature(
  fields: Fields,
  schema: string,
  name: string,
  context: Context,
): Func & { readonly names: readonly string[] } {
  const given: { readonly name: string; readonly type: number }[] = [];
  const out: { readonly name: string; readonly type: number }[] = [];
  for (const item of list(fields["parameters"])) {
    const parameter = only(item, "FunctionParameter");
    const one = { name: text(parameter["name"]), type: typeOf(parameter["argType"], context) };
    const mode = text(parameter["mode"]);
    if (mode === "FUNC_PARAM_IN" || mode === "FUNC_PARAM_DEFAULT") given.push(one);
    else if (mode === "FUNC_PARAM_OUT" || mode === "FUNC_PARAM_TABLE") out.push(one);
    else throw new Opaque("a function with INOUT or VARIADIC parameters");
    if (parameter["defexpr"] === undefined) continue;
    const value = evaluate(parameter["defexpr"], new Scope(null, new Map()), context);
    reachInput(context, one.type);
    context.keep(value.columns, "query");
  }
  const [first] = out;
  const result =
    fields["returnType"] !== undefined
      ? typeOf(fields["returnType"], context)
      : first === undefined
        ? voidType
        : out.length === 1
          ? first.type
          : types.record;
  reachInput(context, result);
  return {
    oid: 0,
    schema,
    name,
    arguments: given.map(({ type }) => type),
    result,
    volatility: "v",
    language: "sql",
    kind: fields["is_procedure"] === true ? "p" : "f",
    securityDefiner: false,
    leakproof: false,
    returnsSet:
      fields["returnType"] !== undefined && record(fields["returnType"])["setof"] === true,
    defaults: 0,
    variadic: 0,
    out,
    body: null,
    names: given.map((one) => one.name),
  };
}

function typeOf(written: unknown, context: Context): number {
  const { type } = namedType(written, context);
  const pseudo = type.kind === "p" && type.oid !== voidType && type.oid !== types.record;
  if (pseudo) throw new Opaque("a function over any type");
  if (type.oid >= firstUserOid) reachInput(context, type.oid);
  return type.oid;
}
