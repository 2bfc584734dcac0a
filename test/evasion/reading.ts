import {
  analyse,
  noNames,
  openParser,
  renamed,
  type Analysis,
  type Catalog,
  type NameContext,
  type Output,
  type ParseTree,
  type SessionNames,
} from "@sallyport/sql";
import type { Evasion } from "./case.ts";
import { classified } from "./policies.ts";

/** What the gateway would make of one text of a script, under policies.ts. */
export interface Reading {
  readonly denied: boolean;
  /** Of each output column: `plain`, `column` or `computed`, and of which classified columns. */
  readonly outputs: readonly (readonly Output[] | null)[];
  /** Whether errors and notices are withheld. */
  readonly withheld: boolean;
  /** It names what the recorded catalog does not have: the script's own DDL would have made it. */
  readonly unresolved: boolean;
  /** It changes the catalog, so that what follows has another one. */
  readonly defines: boolean;
}

const parser = await openParser(18);

/** One of the texts that psql, or the driver, would send. */
export interface ScriptText {
  readonly text: string;
  /** Null for what is no SQL: COPY data, psql's own commands. */
  readonly tree: ParseTree | null;
  /** The protocol prepares it under a name, which is not followed here. */
  readonly named: boolean;
  /** psql's \\copy. */
  readonly client: boolean;
  /** Bound by the protocol. */
  readonly values: readonly unknown[] | null;
}

export async function textsOf(script: Evasion["script"]): Promise<readonly ScriptText[]> {
  const texts: readonly { text: string; name?: string; values?: readonly unknown[] }[] =
    typeof script === "string"
      ? script
          .split(/;[ \t]*\n|\n(?=\\)/)
          .map((text) => ({ text: text.replaceAll("\\;", ";").replaceAll(":db.", "shop.") }))
      : script;
  const read: ScriptText[] = [];
  for (const { text, name, values } of texts) {
    const client = typeof script === "string" && text.startsWith("\\copy ");
    const sql = client ? text.replace("\\copy", "COPY") : text;
    const parsed = await parser.parse(sql);
    const tree = parsed.kind === "tree" && parsed.tree.stmts.length > 0 ? parsed.tree : null;
    read.push({ text: sql, tree, named: name !== undefined, client, values: values ?? null });
  }
  return read;
}

/** Those that are SQL. */
export async function parsedTexts(script: Evasion["script"]): Promise<readonly Parsed[]> {
  return (await textsOf(script)).flatMap(({ text, tree, named }) =>
    tree ? [{ text, tree, named }] : [],
  );
}

export interface Parsed {
  readonly text: string;
  readonly tree: ParseTree;
  /** The protocol prepares it under a name, which is not followed here. */
  readonly named: boolean;
}

const changes = new Set(["delete", "truncate", "drop", "update", "alter"]);

/** policies.ts and the baseline, in words of this language: what needs no mask and is not permitted. */
function isDenied(analysis: Analysis): boolean {
  if (analysis.kind !== "analysed") return analysis.kind === "refused";
  return analysis.operations.some(({ action, use, resource }) => {
    if (action === "execute" || action === "opaque") return true;
    if (changes.has(action) && resource.id === "shop/public.vault") return true;
    if (action !== "read") return false;
    if (resource.type === "Column") return use === "predicate" || use === "write";
    return resource.tags?.some((tag) => tag.startsWith("builtin:")) === true;
  });
}

interface State {
  names: NameContext;
  session: SessionNames;
  /** Inside a transaction: whether the catalog, or names, have changed in it. */
  transaction: { ddl: boolean; names: boolean; failed: boolean } | null;
}

/** Reads a script text by text, as one session would send it. */
export function readScript(
  texts: readonly Parsed[],
  catalog: Catalog,
  own: Readonly<Record<string, readonly string[]>> = { ...classified },
): readonly Reading[] {
  const state: State = {
    names: { searchPath: ["pg_catalog", "public"] },
    session: { ...noNames, complete: { prepared: true, cursors: true } },
    transaction: null,
  };
  return texts.map(({ text, tree, named }) => {
    if (named) state.session = noNames;
    const analysis = analyse(tree, {
      connection: "shop",
      catalog,
      classified: own,
      text,
      names: state.names,
      session: state.session,
      fragileNames: state.transaction?.names ?? false,
      ...(state.transaction?.ddl && { unsettled: "the transaction has changed the schema" }),
    });
    const denied = isDenied(analysis);
    const reading: Reading =
      analysis.kind === "analysed"
        ? {
            denied,
            outputs: analysis.statements.map(({ outputs }) => outputs),
            withheld: analysis.statements.some(({ touches }) => touches.length > 0),
            unresolved: false,
            defines: analysis.statements.some(({ effects }) => effects.ddl),
          }
        : {
            denied,
            outputs: [],
            withheld: false,
            unresolved: analysis.kind === "unresolved",
            defines: false,
          };
    advance(state, text, analysis, denied);
    return reading;
  });
}

/** What the session is after the text has run, or has been refused. */
function advance(state: State, text: string, analysis: Analysis, denied: boolean): void {
  if (analysis.kind !== "analysed" || denied) {
    if (state.transaction) state.transaction.failed = true;
    return;
  }
  for (const { effects, operations } of analysis.statements) {
    if (effects.transaction === "begin")
      state.transaction ??= { ddl: false, names: false, failed: false };
    if (effects.transaction === "commit" || effects.transaction === "rollback")
      state.transaction = null;
    if (state.transaction?.failed) continue;
    state.session = renamed(state.session, effects.naming ?? []);
    if (state.transaction && effects.ddl) state.transaction.ddl = true;
    if (state.transaction && effects.names) state.transaction.names = true;
    for (const { action, resource } of operations) {
      const temporary = /^shop\/pg_temp\.(.*)$/.exec(resource.id)?.[1];
      if (action !== "create" || temporary === undefined) continue;
      const { names } = state;
      const others = names.temporary ?? [];
      state.names = { ...names, tempSchema: "pg_temp_3", temporary: [...others, temporary] };
    }
  }
  const path =
    /^SET search_path = ([^;]*)$/.exec(text)?.[1] ??
    /^SELECT set_config\('search_path', '([^']*)', false\)$/.exec(text)?.[1];
  if (path !== undefined)
    state.names = { ...state.names, searchPath: ["pg_catalog", ...path.split(", ")] };
}

const strength = { plain: 0, column: 1, computed: 2 } as const;

/** Whether the second reading of a script lets out more than the first. */
export const isWeaker = (before: readonly Reading[], after: readonly Reading[]): boolean =>
  before.some((was, at) => {
    const now = after[at];
    if (!now || (was.denied && !now.denied) || (was.withheld && !now.withheld)) return true;
    return was.outputs.some((columns, of) =>
      columns?.some((column, index) => {
        const other = now.outputs[of]?.[index];
        if (!other) return column.kind !== "plain";
        const had = column.kind === "plain" ? [] : column.columns;
        const has = other.kind === "plain" ? [] : other.columns;
        return strength[other.kind] < strength[column.kind] || had.some((id) => !has.includes(id));
      }),
    );
  });
