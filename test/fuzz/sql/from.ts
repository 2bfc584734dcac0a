import { expression, fill } from "./expressions.ts";
import type { Making } from "./making.ts";
import { joined, piece, type Piece } from "./piece.ts";
import { rowSources } from "./productions.ts";
import { query } from "./queries.ts";
import { columnsOf, tables, type Column, type Item, type Scope, type Type } from "./scope.ts";

interface Made {
  readonly text: Piece;
  readonly items: readonly Item[];
}

const derivedTypes: readonly Type[] = [
  "text",
  "text",
  "int",
  "num",
  "json",
  "bool",
  "texts",
  "any",
  "people",
];

/** A FROM clause, and the scope of what stands over it. */
export function from(outer: Scope | null, making: Making): { text: Piece; scope: Scope } {
  const known = outer?.tables ?? new Map<string, readonly Column[]>();
  let made = oneItem({ items: [], outer, tables: known }, new Set(), making);
  for (let more = making.upTo(2); more > 0 && making.more(); more--)
    made = join(made, { items: made.items, outer, tables: known }, making);
  const scope = { items: made.items, outer, tables: known };
  return { text: { kind: "from", construct: "FROM", parts: ["FROM ", made.text] }, scope };
}

const sampled = new Set(["people", "sales", "notes", "deeds", "trips"]);

const taken = (items: readonly Item[]): Set<string> =>
  new Set(items.flatMap(({ alias }) => (alias === null ? [] : [alias])));

/** @param scope what a lateral item may name */
function oneItem(scope: Scope, names: ReadonlySet<string>, making: Making): Made {
  const alias = making.shadow(names);
  switch (
    making.more() ? making.of(["table", "table", "cte", "query", "rows"] as const) : "table"
  ) {
    case "query":
      return derived(alias, scope, making);
    case "rows": {
      const [template, columns] = making.of(rowSources);
      const made = fill(template.replace("$as", alias), "item", scope, making);
      const text = { ...made, construct: template };
      return { text, items: [{ alias, columns: columnsOf(columns) }] };
    }
    case "cte": {
      if (scope.tables.size === 0) return derived(alias, scope, making);
      const [name, columns] = making.of([...scope.tables]);
      const text = piece("item", "CTE reference")`${name} AS ${alias}`;
      return { text, items: [{ alias, columns }] };
    }
    case "table": {
      const [name, columns] = making.of([
        ...tables,
        ...making.objects.flatMap(({ relation }) => (relation ? [relation] : [])),
      ]);
      const only = making.chance(0.05) && !name.endsWith(")") ? "ONLY " : "";
      const hidden = making.chance(0.1);
      const sample =
        making.chance(0.03) && sampled.has(name)
          ? " TABLESAMPLE BERNOULLI (60) REPEATABLE (3)"
          : "";
      // A column's new name may be another column's old one.
      const [first] = columns;
      const named = hidden && first ? [{ ...first, name: "email" }, ...columns.slice(1)] : columns;
      const list = hidden ? "(email)" : "";
      const unique = named.filter(
        ({ name: one }, at) => named.findIndex((other) => other.name === one) === at,
      );
      return {
        text: piece(
          "item",
          hidden
            ? "table with column aliases"
            : name.startsWith("made_")
              ? "made relation"
              : `table ${name}`,
        )`${only + name} AS ${alias + list + sample}`,
        items: [
          {
            alias,
            columns: hidden ? unique : columns,
            people: (name === "people" || name === "mirror") && !hidden,
          },
        ],
      };
    }
  }
}

function derived(alias: string, scope: Scope, making: Making): Made {
  const types = Array.from({ length: 1 + making.upTo(2) }, () => making.of(derivedTypes));
  const names = ["id", "email", "x1"].slice(0, types.length);
  const lateral = scope.items.length > 0 && making.chance(0.5);
  const inner = query(types, names, lateral ? scope : { ...scope, items: [] }, making);
  const columns = types.map((type, at) => ({ name: names[at] ?? "z", type }));
  const text = piece(
    "item",
    lateral ? "LATERAL" : "derived table",
  )`${lateral ? "LATERAL " : ""}(${inner}) AS ${alias}`;
  return { text, items: [{ alias, columns }] };
}

function join(left: Made, scope: Scope, making: Making): Made {
  const lateral = making.of([",", "CROSS JOIN", "LEFT JOIN", "JOIN"]);
  const kind = making.of([lateral, lateral, "RIGHT JOIN", "NATURAL JOIN", "USING"]);
  const sees = kind === lateral ? scope : { ...scope, items: [] };
  const right = oneItem(sees, taken(left.items), making);
  const items = [...left.items, ...right.items];
  const both = joined("join", kind, [left.text, right.text], ` ${kind} `);
  switch (kind) {
    case ",":
    case "CROSS JOIN":
      return { text: both, items };
    case "NATURAL JOIN":
    case "USING":
      return merging(kind, left, right, making);
    default: {
      const on = expression("bool", { ...scope, items }, making);
      const text = piece("join", kind)`${both} ON ${on}`;
      return making.chance(0.1) ? renamed(text, items, making) : { text, items };
    }
  }
}

/** NATURAL JOIN, and JOIN USING of a column that both have. */
function merging(kind: "NATURAL JOIN" | "USING", left: Made, right: Made, making: Making): Made {
  const ofLeft = left.items.flatMap(({ columns }) => columns);
  const ofRight = right.items.flatMap(({ columns }) => columns);
  const shared = ofLeft.filter(({ name, type }) =>
    ofRight.some((other) => other.name === name && other.type === type),
  );
  const using = shared.slice(0, 1);
  const merged = kind === "USING" ? using : shared;
  const [column] = using;
  const outer = making.of(["", "LEFT ", "FULL "]);
  const items = [
    { alias: null, columns: merged },
    ...[...left.items, ...right.items].map((item) => ({
      ...item,
      // Their bare names are the merged ones now.
      columns: item.columns.filter(({ name }) => !merged.some((one) => one.name === name)),
    })),
  ];
  if (kind === "NATURAL JOIN" || column === undefined) {
    const text = piece("join", "NATURAL JOIN")`${left.text} NATURAL ${outer}JOIN ${right.text}`;
    return { text, items };
  }
  const alias = making.chance(0.3) ? ` AS ${making.fresh()}` : "";
  const text = piece(
    "join",
    "USING",
  )`${left.text} ${outer}JOIN ${right.text} USING (${column.name})${alias}`;
  return { text, items };
}

/** (… JOIN …) AS j(c1, c2): all under new names. */
function renamed(text: Piece, items: readonly Item[], making: Making): Made {
  const alias = making.fresh();
  const columns = items
    .flatMap((item) => item.columns)
    .map(({ type }, at) => ({ name: `c${at}`, type }));
  const all = columns.map(({ name }) => name).join(", ");
  return {
    text: piece("join", "join with an alias")`(${text}) AS ${alias}(${all})`,
    items: [{ alias, columns }],
  };
}
