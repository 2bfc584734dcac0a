import { literalsOf, type Engine } from "@sallyport/cedar";
import { readColumnPath, type Connection } from "@sallyport/contracts";
import { didYouMean } from "@sallyport/runtime";
import { qualified, type Catalog } from "@sallyport/sql";

/** A name in config or policies that the target lacks: it can never be asked for. */
export interface LackingName {
  /** `policy pii-is-masked (pii.cedar:3)` or `columns`. */
  readonly where: string;
  readonly what: "table" | "schema" | "function" | "column";
  /** Without the connection. */
  readonly name: string;
  readonly near?: string;
}

/** Compares what config classifies and policies name on a connection with the target's catalog. */
export function lackingNames(
  name: string,
  connection: Connection,
  engine: Engine,
  catalog: Catalog,
): LackingName[] {
  const known = namesIn(catalog);
  const lacking: LackingName[] = [];
  const look = (what: LackingName["what"], id: string, where: string): void => {
    if (known[what].has(id)) return;
    const near = didYouMean(id, [...known[what]]);
    lacking.push({ where, what, name: id, ...(near !== undefined && { near }) });
  };
  for (const column of Object.keys(connection.columns))
    look("column", readColumnPath(column)?.column ?? column, "columns");
  for (const { id, file, line, json } of engine.policies) {
    for (const literal of literalsOf(json)) {
      const what = kinds[literal.type];
      if (what !== undefined && literal.id.startsWith(`${name}/`))
        look(what, literal.id.slice(name.length + 1), `policy ${id} (${file}:${line})`);
    }
  }
  return lacking;
}

const kinds: Readonly<Record<string, LackingName["what"]>> = {
  Table: "table",
  Schema: "schema",
  Function: "function",
};

function namesIn(catalog: Catalog): Record<LackingName["what"], ReadonlySet<string>> {
  const relations = [...catalog.relations.values()].filter(({ kind }) => kind !== "c");
  return {
    schema: new Set([...catalog.schemas].map((schema) => qualified(schema))),
    table: new Set(relations.map((relation) => qualified(relation.schema, relation.name))),
    function: new Set(
      [...catalog.functions.values()].map((func) => qualified(func.schema, func.name)),
    ),
    column: new Set(
      relations.flatMap((relation) =>
        relation.columns.map((column) => qualified(relation.schema, relation.name, column.name)),
      ),
    ),
  };
}

export const lackingText = ({ where, what, name, near }: LackingName): string =>
  `${where}: the target has no ${what} \`${name}\`${near === undefined ? "" : `, did you mean \`${near}\`?`}`;
