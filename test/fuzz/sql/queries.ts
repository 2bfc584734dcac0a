import { expression, fill } from "./expressions.ts";
import { from } from "./from.ts";
import type { Making } from "./making.ts";
import { joined, piece, type Piece } from "./piece.ts";
import { aggregates, literals, selected } from "./productions.ts";
import { wholeRows, type Column, type Scope, type Type } from "./scope.ts";

/**
 * A query with columns of these types, under these names where names are given (else under any), that may name what
 * `outer` has.
 */
export function query(
  types: readonly Type[],
  names: readonly string[] | null,
  outer: Scope | null,
  making: Making,
): Piece {
  const form = making.more()
    ? making.of([
        "select",
        "select",
        "select",
        "grouped",
        "set",
        "with",
        "values",
        "recursive",
        "again",
      ] as const)
    : "select";
  switch (form) {
    case "select":
      return select(types, names, outer, making);
    case "grouped":
      return grouped(types, names, outer, making);
    case "set": {
      const kind = making.of(["UNION ALL", "UNION ALL", "UNION", "EXCEPT", "INTERSECT ALL"]);
      const left = query(types, names, outer, making);
      const right = query(types, null, outer, making);
      return whole(types, kind, piece("set", kind)`(${left}) ${kind} (${right})`);
    }
    case "with":
      return withTables(types, names, outer, making);
    case "values":
      return values(types, names, outer, making);
    case "recursive":
      return recursive(types, names, outer, making);
    case "again":
      return again(types, names, outer, making);
  }
}

const kindOf = (types: readonly Type[]): string => `query ${types.join()}`;

const simplest = (types: readonly Type[]): string =>
  `SELECT ${types.map((type) => literals[type][0]).join(", ")}`;

const whole = (types: readonly Type[], construct: string, text: Piece): Piece => ({
  kind: kindOf(types),
  construct,
  parts: [text],
});

const list = (columns: readonly Piece[], names: readonly string[] | null): Piece =>
  joined(
    "list",
    "select list",
    columns.map((column, at) =>
      names?.[at] === undefined ? column : piece("column", "AS")`${column} AS ${names[at]}`,
    ),
    ", ",
  );

const clause = (construct: string, text: Piece): Piece =>
  piece("clause", construct, "")` ${construct} ${text}`;

function select(
  types: readonly Type[],
  names: readonly string[] | null,
  outer: Scope | null,
  making: Making,
): Piece {
  const { text, scope } = from(outer, making);
  const columns = types.map((type) => {
    const templates = selected[type];
    return templates !== undefined && making.chance(0.08)
      ? fill(making.of(templates), `selected ${type}`, scope, making, literals[type][0])
      : expression(type, scope, making);
  });
  const given: Piece[] = [];
  if (making.chance(0.4)) given.push(clause("WHERE", expression("bool", scope, making)));
  const distinct = making.chance(0.06) ? making.of(["DISTINCT ", "DISTINCT ON ("]) : "";
  const on =
    distinct === "DISTINCT ON ("
      ? piece("on", "DISTINCT ON", "")`DISTINCT ON (${expression("text", scope, making)}) `
      : distinct;
  if (distinct === "" && making.chance(0.2)) given.push(...order(scope, making));
  if (making.chance(0.08)) given.push(limit(making));
  const tail = joined("clauses", "clauses", given, "");
  return {
    kind: kindOf(types),
    construct: distinct === "" ? "SELECT" : distinct.trim(),
    parts: ["SELECT ", on, list(columns, names), " ", text, tail],
    plain: simplest(types),
  };
}

/** None by a literal, which PostgreSQL takes for a position. */
function order(scope: Scope, making: Making): Piece[] {
  const by = expression(making.of(["text", "int", "num", "any"]), scope, making);
  if (by.construct === "literal") return [];
  const way = making.of(["", " DESC", " NULLS FIRST", " DESC NULLS LAST", " USING <"]);
  return [clause("ORDER BY", piece("order", "order")`${by}${way}`)];
}

const limit = (making: Making): Piece =>
  clause(
    making.of(["LIMIT", "OFFSET"]),
    piece("limit", "limit")`${making.of(["1", "2", "(SELECT count(*) FROM notes)"])}`,
  );

function grouped(
  types: readonly Type[],
  names: readonly string[] | null,
  outer: Scope | null,
  making: Making,
): Piece {
  const { text, scope } = from(outer, making);
  const given: Piece[] = [];
  if (making.chance(0.3)) given.push(clause("WHERE", expression("bool", scope, making)));
  const keys = new Map<Type, Piece>();
  const columns = types.map((type) => {
    const templates = aggregates[type];
    if (templates !== undefined && making.chance(0.7))
      return fill(making.of(templates), `aggregate ${type}`, scope, making);
    const key = keys.get(type) ?? expression(type, scope, making);
    if (key.construct !== "literal") keys.set(type, key);
    return key;
  });
  if (keys.size > 0) {
    const all = joined("keys", "keys", [...keys.values()], ", ");
    const form = making.of(["plain", "plain", "CUBE", "ROLLUP", "GROUPING SETS"] as const);
    given.push(
      clause(
        "GROUP BY",
        form === "plain"
          ? all
          : form === "GROUPING SETS"
            ? piece("group", form)`GROUPING SETS ((${all}), ())`
            : piece("group", form)`${form} (${all})`,
      ),
    );
  }
  if (making.chance(0.2)) {
    const having = fill(making.of(aggregates.bool ?? ["true"]), "aggregate bool", scope, making);
    given.push(clause("HAVING", having));
  }
  const tail = joined("clauses", "clauses", given, "");
  return {
    kind: kindOf(types),
    construct: "aggregation",
    parts: ["SELECT ", list(columns, names), " ", text, tail],
  };
}

function values(
  types: readonly Type[],
  names: readonly string[] | null,
  outer: Scope | null,
  making: Making,
): Piece {
  const scope = outer ?? { items: [], outer: null, tables: new Map<string, readonly Column[]>() };
  const row = (): Piece =>
    joined(
      "row",
      "VALUES",
      types.map((type) => expression(type, scope, making)),
      ", ",
    );
  const text = piece("values", "VALUES")`VALUES (${row()}), (${row()})`;
  if (names === null) return whole(types, "VALUES", text);
  const alias = `${making.fresh()}(${names.join(", ")})`;
  return whole(types, "VALUES", piece("values", "VALUES")`SELECT * FROM (${text}) ${alias}`);
}

const cteTypes: readonly Type[] = ["text", "int", "num", "json", "any", "people"];

/** WITH: of a query, or of a change that returns. */
function withTables(
  types: readonly Type[],
  names: readonly string[] | null,
  outer: Scope | null,
  making: Making,
): Piece {
  const own = Array.from({ length: 1 + making.upTo(1) }, () => making.of(cteTypes));
  const columns = own.map((type, at) => ({ name: at === 0 ? "email" : "id", type }));
  const name = making.of(["people", "w", "sales", making.fresh()]);
  const heads = columns.map((column) => column.name);
  const inner = query(own, making.chance(0.5) ? heads : null, outer, making);
  const kind = making.of(["", "MATERIALIZED ", "NOT MATERIALIZED "]);
  const known = new Map(outer?.tables ?? []);
  known.set(name, columns);
  const scope = outer ? { ...outer, tables: known } : { items: [], outer: null, tables: known };
  const body = query(types, names, scope, making);
  const head = `${name}(${heads.join(", ")})`;
  return whole(
    types,
    "WITH",
    piece("with", `WITH ${kind}`.trim())`WITH ${head} AS ${kind}(${inner}) ${body}`,
  );
}

function recursive(
  types: readonly Type[],
  names: readonly string[] | null,
  outer: Scope | null,
  making: Making,
): Piece {
  const name = making.fresh();
  const columns: readonly Column[] = [
    { name: "n", type: "int" },
    { name: "email", type: "text" },
  ];
  const step = { items: [{ alias: name, columns }], outer, tables: new Map(outer?.tables ?? []) };
  const first = expression("text", outer ?? { ...step, items: [] }, making);
  const next = expression("text", { ...step, outer }, making);
  const known = new Map(outer?.tables ?? []).set(name, columns);
  const body = query(
    types,
    names,
    { items: [], ...outer, outer: outer?.outer ?? null, tables: known },
    making,
  );
  const kind = making.of(["UNION ALL", "UNION"]);
  const extra = making.of([
    ...Array.from({ length: 12 }, () => ""),
    " SEARCH DEPTH FIRST BY n SET ordering",
    " CYCLE n SET looped USING way",
  ]);
  const start = making.of(["people", "mirror", "(SELECT 1 AS one)"]);
  return whole(
    types,
    "WITH RECURSIVE",
    piece(
      "with",
      "WITH RECURSIVE",
    )`WITH RECURSIVE ${name}(n, email) AS (SELECT 1, (${first})::text FROM ${start} p0 ${kind} SELECT ${name}.n + 1, (${next})::text FROM ${name} WHERE ${name}.n < 3)${extra} ${body}`,
  );
}

/** A query over one with the same columns: by star, by fields of its row, by names. */
function again(
  types: readonly Type[],
  names: readonly string[] | null,
  outer: Scope | null,
  making: Making,
): Piece {
  const own = names ?? types.map((_, at) => `k${at}`);
  const inner = query(types, own, outer, making);
  const alias = making.of(["email", "s", "people"]);
  const form = making.of(["*", "(row)", "swapped", "(row).*"] as const);
  const shown =
    form === "*"
      ? "*"
      : form === "(row).*"
        ? `(${alias}).*`
        : own
            .map((name) => (form === "(row)" ? `(${alias}).${name}` : `${alias}.${name}`))
            .join(", ");
  return whole(
    types,
    `derived ${form}`,
    piece("again", form)`SELECT ${shown} FROM (${inner}) ${alias}`,
  );
}

/** A query of a statement's own: any columns, under names that hide others, stars and whole rows. */
export function freeQuery(making: Making): Piece {
  if (making.chance(0.35)) {
    const types = Array.from({ length: 1 + making.upTo(3) }, () =>
      making.of([
        "text",
        "text",
        "int",
        "num",
        "bool",
        "json",
        "any",
        "texts",
        "date",
        "time",
      ] as const),
    );
    return query(types, making.chance(0.5) ? types.map((_, at) => `o${at}`) : null, null, making);
  }
  const { text, scope } = from(null, making);
  const rows = wholeRows(scope);
  const columns = Array.from({ length: 1 + making.upTo(3) }, (): Piece => {
    const row = rows.length > 0 ? making.of(rows) : "1";
    const as = making.chance(0.5) ? ` AS ${making.of(["email", "id", "name", "x", "code"])}` : "";
    switch (making.of(["value", "value", "value", "star", "row", "selected"] as const)) {
      case "star":
        return piece("free", "star")`${making.of(["*", `${row}.*`, `(${row}).*`])}`;
      case "row":
        return piece("free", "whole row")`${row}${as}`;
      case "selected": {
        const type = making.of(["text", "int", "num", "json", "any"] as const);
        const made = fill(making.of(selected[type] ?? ["1"]), "free", scope, making);
        return made.parts.at(-1) === ").*" ? made : piece("free", "selected")`${made}${as}`;
      }
      case "value": {
        const type = making.of([
          "text",
          "int",
          "num",
          "bool",
          "json",
          "any",
          "texts",
          "date",
          "time",
          "mood",
          "address",
        ] as const);
        return piece("free", "value")`${expression(type, scope, making)}${as}`;
      }
    }
  });
  const given: Piece[] = [];
  if (making.chance(0.4)) given.push(clause("WHERE", expression("bool", scope, making)));
  if (making.chance(0.2)) given.push(...order(scope, making));
  if (making.chance(0.1)) given.push(limit(making));
  return {
    kind: "query",
    construct: "SELECT",
    parts: ["SELECT ", joined("list", "select list", columns, ", "), " ", text, ...given],
    plain: "SELECT 1",
  };
}
