import { alone } from "./alone.ts";
import { expression } from "./expressions.ts";
import type { Making } from "./making.ts";
import { joined, piece, type Piece } from "./piece.ts";
import { freeQuery, query } from "./queries.ts";
import { peopleColumns, tables, type Column, type Scope } from "./scope.ts";

/** One text: a statement, or a few that belong together. */
export function statement(making: Making): Piece {
  const form = making.of([
    ...Array.from({ length: 12 }, () => "query" as const),
    "insert",
    "insert",
    "update",
    "update",
    "delete",
    "merge",
    "merge",
    "changing",
    "changing",
    "copy",
    "cursor",
    "prepared",
    "explain",
    "create",
    "setting",
    "call",
    ...Array.from({ length: 8 }, () => "alone" as const),
  ] as const);
  switch (form) {
    case "alone":
      return alone(making);
    case "query":
      return freeQuery(making);
    case "insert":
      return insert(making);
    case "update":
      return update(making);
    case "delete":
      return remove(making);
    case "merge":
      return merge(making);
    case "changing":
      return changing(making);
    case "copy": {
      const how = making.of(["", " (FORMAT csv)", " (HEADER)", " (FORMAT csv, FORCE_QUOTE *)"]);
      return piece("statement", "COPY")`COPY (${freeQuery(making)}) TO STDOUT${how}`;
    }
    case "cursor": {
      const kind = making.of(["", "SCROLL ", "INSENSITIVE "]);
      const fetch = making.of([
        "FETCH ALL FROM c",
        "FETCH 2 FROM c; FETCH NEXT FROM c",
        "MOVE c; FETCH c",
      ]);
      return piece(
        "statement",
        "cursor",
      )`DECLARE c ${kind}CURSOR FOR ${freeQuery(making)}; ${fetch}`;
    }
    case "prepared": {
      const types = making.of([["text"], ["int", "text"]] as const);
      const text = freeQuery(making);
      return piece(
        "statement",
        "PREPARE",
      )`PREPARE st(text, int) AS ${text}; EXECUTE st(${expression(types.includes("text") ? "text" : "int", nothing, making)}, 2); DEALLOCATE st`;
    }
    case "explain":
      return piece("statement", "EXPLAIN")`EXPLAIN (COSTS OFF) ${freeQuery(making)}`;
    case "create": {
      const own = query(["text", "num"], ["a", "b"], null, making);
      return making.of([
        piece("statement", "CREATE TABLE AS")`CREATE TABLE made AS ${own}`,
        piece("statement", "SELECT INTO")`WITH q AS (${own}) SELECT a, b INTO made FROM q`,
        piece("statement", "CREATE MATERIALIZED VIEW")`CREATE MATERIALIZED VIEW made AS ${own}`,
      ]);
    }
    case "setting":
      return piece(
        "statement",
        "set_config",
      )`SELECT set_config('fuzz.kept', (${query(["text"], null, null, making)} LIMIT 1), true)`;
    case "call": {
      const text = expression("text", nothing, making);
      return piece("statement", "writing function")`SELECT noted(${text})`;
    }
  }
}

const nothing: Scope = { items: [], outer: null, tables: new Map() };

const over = (...items: Scope["items"]): Scope => ({ ...nothing, items });

const columnsOfTable = (name: string): readonly Column[] => tables.get(name) ?? [];

/** RETURNING, with OLD and NEW where asked for. */
function returning(
  alias: string,
  columns: readonly Column[],
  making: Making,
  others: Scope["items"] = [],
): Piece {
  const names = making.chance(0.3)
    ? making.of([
        ["old", "new"],
        ["o", "n"],
      ] as const)
    : null;
  const whole = alias === "p";
  const scope = over(
    { alias, columns, people: whole },
    ...others,
    ...(names ?? []).map((name) => ({ alias: name, columns, people: whole })),
  );
  const given = names?.[0] === "o" ? "WITH (OLD AS o, NEW AS n) " : "";
  const parts = Array.from({ length: 1 + making.upTo(2) }, (): Piece => {
    const star = making.of([
      "*",
      alias,
      `(${alias}).*`,
      ...(names ?? []).map((name) => `${name}.*`),
    ]);
    return making.chance(0.3)
      ? piece("returned", "RETURNING a row")`${star}`
      : expression(making.of(["text", "int", "num", "json", "any", "bool"]), scope, making);
  });
  return piece(
    "clause",
    names ? "RETURNING OLD, NEW" : "RETURNING",
    "",
  )` RETURNING ${given}${joined("list", "returned", parts, ", ")}`;
}

function insert(making: Making): Piece {
  if (making.chance(0.4)) {
    // Into people, where a classified column may meet itself.
    const own = query(["int", "text", "text"], null, null, making);
    const excluded = over(
      { alias: "p", columns: peopleColumns, people: true },
      { alias: "excluded", columns: peopleColumns },
    );
    const conflict = making.of([
      piece("clause", "no ON CONFLICT", "")``,
      piece("clause", "DO NOTHING", "")` ON CONFLICT DO NOTHING`,
      piece(
        "clause",
        "DO UPDATE",
        "",
      )` ON CONFLICT (id) DO UPDATE SET name = ${expression("text", excluded, making)} WHERE ${expression("bool", excluded, making)}`,
    ]);
    return piece(
      "statement",
      "INSERT people",
    )`INSERT INTO people AS p (id, name, ${making.of(["email", "city", "code"])}) ${own}${conflict}${returning("p", peopleColumns, making)}`;
  }
  const into = making.of(["notes", "listed"]);
  const columns = columnsOfTable(into);
  const own = query(["int", "text"], null, null, making);
  const excluded = over({ alias: "t", columns }, { alias: "excluded", columns });
  const conflict = making.of([
    piece("clause", "no ON CONFLICT", "")``,
    piece("clause", "DO NOTHING", "")` ON CONFLICT (id) DO NOTHING`,
    piece(
      "clause",
      "DO UPDATE",
      "",
    )` ON CONFLICT (id) DO UPDATE SET body = ${expression("text", excluded, making)}`,
  ]);
  return piece(
    "statement",
    `INSERT ${into}`,
  )`INSERT INTO ${into} AS t (id, body) ${own}${conflict}${returning("t", columns, making)}`;
}

const sourceOf = (making: Making): { text: string; items: Scope["items"] } => {
  const name = making.of(["sales", "people", "notes", "cards", "deeds"]);
  return {
    text: `${name} AS src`,
    items: [{ alias: "src", columns: columnsOfTable(name), people: name === "people" }],
  };
};

function update(making: Making): Piece {
  const name = making.of(["people", "people", "notes", "mirror", "deeds"]);
  const alias = name === "people" || name === "mirror" ? "p" : "t";
  const columns = columnsOfTable(name);
  const source = making.chance(0.4) ? sourceOf(making) : null;
  const scope = over({ alias, columns, people: alias === "p" }, ...(source?.items ?? []));
  const targets = columns.filter(
    (column) =>
      ["text", "num", "int"].includes(column.type) && !["id", "loud"].includes(column.name),
  );
  const column = making.of(targets);
  const set = piece("set", "SET")`${column.name} = ${expression(column.type, scope, making)}`;
  const both =
    making.chance(0.2) && alias === "p"
      ? piece(
          "set",
          "SET of a row",
        )`(name, boss) = (${query(["text", "int"], null, scope, making)} LIMIT 1)`
      : set;
  const using = source ? ` FROM ${source.text}` : "";
  const where = making.chance(0.7)
    ? piece("clause", "WHERE", "")` WHERE ${expression("bool", scope, making)}`
    : piece("clause", "no WHERE")``;
  return piece(
    "statement",
    `UPDATE ${name}`,
  )`UPDATE ${name} AS ${alias} SET ${both}${using}${where}${returning(alias, columns, making, source?.items)}`;
}

function remove(making: Making): Piece {
  const name = making.of(["people", "notes", "deeds", "trips"]);
  const alias = name === "people" ? "p" : "t";
  const columns = columnsOfTable(name);
  const source = making.chance(0.4) ? sourceOf(making) : null;
  const scope = over({ alias, columns, people: alias === "p" }, ...(source?.items ?? []));
  const using = source ? ` USING ${source.text}` : "";
  return piece(
    "statement",
    `DELETE ${name}`,
  )`DELETE FROM ${name} AS ${alias}${using} WHERE ${expression("bool", scope, making)}${returning(alias, columns, making, source?.items)}`;
}

function merge(making: Making): Piece {
  const columns = columnsOfTable("notes");
  const source = {
    alias: "src",
    columns: [
      { name: "id", type: "int" },
      { name: "email", type: "text" },
      { name: "x1", type: "num" },
    ],
  } as const;
  const inner = query(["int", "text", "num"], ["id", "email", "x1"], null, making);
  const both = over({ alias: "t", columns }, source);
  const only = over(source);
  const matched = making.of([
    piece(
      "when",
      "MERGE UPDATE",
    )`WHEN MATCHED AND ${expression("bool", both, making)} THEN UPDATE SET body = ${expression("text", both, making)}`,
    piece("when", "MERGE DELETE")`WHEN MATCHED THEN DELETE`,
    piece(
      "when",
      "MERGE NOTHING",
    )`WHEN MATCHED AND ${expression("bool", both, making)} THEN DO NOTHING`,
    piece(
      "when",
      "MERGE BY SOURCE",
    )`WHEN NOT MATCHED BY SOURCE AND ${expression("bool", over({ alias: "t", columns }), making)} THEN DELETE`,
  ]);
  const on = making.of([piece("on", "ON")`t.id = src.id`, expression("bool", both, making)]);
  return piece(
    "statement",
    "MERGE",
  )`MERGE INTO notes AS t USING (${inner}) AS src ON ${on} ${matched} WHEN NOT MATCHED THEN INSERT (id, body, n) VALUES (${expression("int", only, making)} + 10, ${expression("text", only, making)}, src.x1)${making.chance(0.4) ? returning("t", columns, making, [source]) : ""}`;
}

/** WITH a change, whose rows a query shows. */
function changing(making: Making): Piece {
  const change = making.of([insert, update, remove])(making);
  const name = making.of(["w", "people"]);
  return piece(
    "statement",
    "data-modifying WITH",
  )`WITH ${name} AS (${change}) SELECT ${making.of(["*", name, `to_jsonb(${name})`, "count(*)"])} FROM ${name}`;
}
