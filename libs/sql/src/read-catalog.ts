import type {
  Cast,
  Catalog,
  Column,
  Excluding,
  Func,
  ForeignKey,
  FunctionBody,
  IncomingForeignKey,
  Operator,
  Relation,
  RelationKind,
  StoredExpression,
  Trigger,
  Type,
} from "./catalog.ts";
import { firstUserOid } from "./catalog.ts";
import type { CatalogQuery } from "./catalog-queries.ts";

export type CatalogRows = Readonly<Record<CatalogQuery, readonly (readonly (string | null)[])[]>>;

const number = (value: string | null | undefined): number => Number(value ?? 0);
const string = (value: string | null | undefined): string => value ?? "";
const truth = (value: string | null | undefined): boolean => value === "t" || value === "true";
/** What catalogs recorded before they had it do not say counts as true. */
const unlessFalse = (value: string | null | undefined): boolean =>
  value !== "f" && value !== "false";
const numbers = (value: string | null | undefined): number[] =>
  value ? value.split(",").map(Number) : [];

function grouped<T>(pairs: Iterable<readonly [number, T]>): Map<number, T[]> {
  const groups = new Map<number, T[]>();
  for (const [key, value] of pairs) {
    const group = groups.get(key);
    if (group) group.push(value);
    else groups.set(key, [value]);
  }
  return groups;
}

const columns = (rows: CatalogRows): Map<number, Column[]> =>
  grouped(
    rows.columns.map((row): [number, Column] => [
      number(row[0]),
      {
        attnum: number(row[1]),
        name: string(row[2]),
        typeOid: number(row[3]),
        typmod: number(row[4]),
        notNull: truth(row[5]),
        generated: string(row[6]),
        default: row[7] ?? null,
      },
    ]),
  );

/** pg_trigger.tgtype: 4 insert, 8 delete, 16 update, 32 truncate. */
const triggers = (rows: CatalogRows): Map<number, Trigger[]> =>
  grouped(
    rows.triggers.map((row): [number, Trigger] => {
      const type = number(row[2]);
      return [
        number(row[0]),
        {
          functionOid: number(row[1]),
          onInsert: (type & 4) !== 0,
          onDelete: (type & 8) !== 0,
          onUpdate: (type & 16) !== 0,
          onTruncate: (type & 32) !== 0,
        },
      ];
    }),
  );

const foreignKeys = (rows: CatalogRows): Map<number, IncomingForeignKey[]> =>
  grouped(
    rows.foreignKeys.map((row): [number, IncomingForeignKey] => [
      number(row[1]),
      {
        from: number(row[0]),
        onDelete: string(row[2]),
        onUpdate: string(row[3]),
        referencing: numbers(row[4]),
        referenced: numbers(row[5]),
      },
    ]),
  );

const ownForeignKeys = (rows: CatalogRows): Map<number, ForeignKey[]> =>
  grouped(
    rows.foreignKeys.map((row): [number, ForeignKey] => [
      number(row[0]),
      { to: number(row[1]), referencing: numbers(row[4]), referenced: numbers(row[5]) },
    ]),
  );

const kinds = ["not valid", "index", "policy", "statistics", "default"] as const;

/** By relation, or by type: `of` is the column that says which. */
const expressionsBy = (rows: CatalogRows, of: 0 | 1): Map<number, StoredExpression[]> =>
  grouped(
    rows.expressions.map((row): [number, StoredExpression] => {
      const kind = kinds.find((one) => one === row[3]) ?? "check";
      return [number(row[of]), { kind, text: string(row[2]) }];
    }),
  );

function outColumns(
  row: readonly (string | null)[],
): { readonly name: string; readonly type: number }[] {
  const argumentTypes = numbers(row[13]);
  const modes = row[14] ? row[14].split(",") : [];
  const names: unknown = row[15] ? JSON.parse(row[15]) : [];
  return argumentTypes.flatMap((type, at) => {
    const mode = modes[at];
    const name: unknown = Array.isArray(names) ? names[at] : "";
    return mode === "o" || mode === "b" || mode === "t"
      ? [{ name: typeof name === "string" && name ? name : `column${at + 1}`, type }]
      : [];
  });
}

/** Names of the input parameters, in their order. */
function parameterNames(row: readonly (string | null)[] | undefined): string[] {
  const modes = row?.[14] ? row[14].split(",") : null;
  const names: unknown = row?.[15] ? JSON.parse(row[15]) : [];
  if (!Array.isArray(names)) return [];
  return names
    .map((name: unknown) => (typeof name === "string" ? name : ""))
    .filter((_, at) => modes === null || ["i", "b", "v"].includes(modes[at] ?? ""));
}

function bodies(rows: CatalogRows): Map<number, FunctionBody> {
  const shapes = new Map(rows.functions.map((row) => [row[0], row]));
  return new Map(
    rows.bodies.map((row) => [
      number(row[0]),
      {
        text: truth(row[2]) ? `CREATE FUNCTION f() LANGUAGE sql ${row[1]}` : string(row[1]),
        atomic: truth(row[2]),
        configured: truth(row[3]),
        strict: truth(row[4]),
        names: parameterNames(shapes.get(row[0] ?? null)),
      },
    ]),
  );
}

function functions(rows: CatalogRows): Func[] {
  const bodyOf = bodies(rows);
  return rows.functions.map((row) => ({
    oid: number(row[0]),
    schema: string(row[1]),
    name: string(row[2]),
    arguments: numbers(row[3]),
    result: number(row[4]),
    volatility: string(row[5]),
    language: string(row[6]),
    kind: string(row[7]),
    securityDefiner: truth(row[8]),
    leakproof: truth(row[9]),
    returnsSet: truth(row[10]),
    defaults: number(row[11]),
    variadic: number(row[12]),
    out: outColumns(row),
    body: bodyOf.get(number(row[0])) ?? null,
  }));
}

const operators = (rows: CatalogRows): Operator[] =>
  rows.operators.map((row) => ({
    oid: number(row[0]),
    schema: string(row[1]),
    name: string(row[2]),
    left: number(row[3]),
    right: number(row[4]),
    result: number(row[5]),
    functionOid: number(row[6]),
  }));

const casts = (rows: CatalogRows): Cast[] =>
  rows.casts.map((row) => ({
    source: number(row[0]),
    target: number(row[1]),
    functionOid: number(row[2]),
    context: string(row[3]),
    method: string(row[4]),
    builtin: number(row[5]) < firstUserOid,
  }));

function byName<T extends { readonly name: string }>(items: readonly T[]): Map<string, T[]> {
  const found = new Map<string, T[]>();
  for (const item of items) {
    const same = found.get(item.name);
    if (same) same.push(item);
    else found.set(item.name, [item]);
  }
  return found;
}

/** `lower(name)`: what tells of it no more than that a value is there, whatever its case. */
const folded = /^(?:(?:lower|upper)\((?:\(?(\w+|"[^"]+")(?:\)::text)?)\)(?:, |$))+$/;
const foldedName = /(?:lower|upper)\(\(?(\w+|"[^"]+")/g;

function excluding(rows: CatalogRows, columnsOf: ReadonlyMap<number, Column[]>) {
  return grouped(
    rows.indexColumns.flatMap((row): [number, Excluding][] => {
      const oid = number(row[0]);
      const expressions = row[4] ?? "";
      const names = folded.test(expressions)
        ? [...expressions.matchAll(foldedName)].map(([, name]) => name?.replaceAll('"', ""))
        : [];
      const compared = numbers(row[3]).filter((attnum) => {
        const column = columnsOf.get(oid)?.find((one) => one.attnum === attnum);
        return !names.includes(column?.name);
      });
      return compared.length > 0 ? [[oid, { columns: numbers(row[1]), compared }]] : [];
    }),
  );
}

function relations(rows: CatalogRows): Relation[] {
  const columnsOf = columns(rows);
  const triggersOf = triggers(rows);
  const referencedBy = foreignKeys(rows);
  const parents = grouped(rows.inheritance.map((row) => [number(row[0]), number(row[1])] as const));
  const children = grouped(
    rows.inheritance.map((row) => [number(row[1]), number(row[0])] as const),
  );
  const reached = (statistics: boolean): Map<number, number[]> =>
    grouped(
      rows.reaches
        .filter((row) => truth(row[3]) === statistics)
        .map((row) => [number(row[0]), number(row[2])] as const),
    );
  const [reaches, analysed] = [reached(false), reached(true)];
  const texts = expressionsBy(rows, 0);
  const indexed = grouped(rows.indexColumns.map((row) => [number(row[0]), numbers(row[1])]));
  const unique = grouped(
    rows.indexColumns
      .filter((row) => unlessFalse(row[2]))
      .map((row) => [number(row[0]), numbers(row[1])]),
  );
  const excludingOf = excluding(rows, columnsOf);
  const references = ownForeignKeys(rows);
  const definitions = new Map(rows.definitions.map((row) => [number(row[0]), row[1] ?? null]));
  return rows.relations.map((row) => {
    const oid = number(row[0]);
    return {
      oid,
      schema: string(row[1]),
      name: string(row[2]),
      kind: string(row[3]) as RelationKind,
      rowType: number(row[4]),
      rowSecurity: truth(row[5]),
      rules: truth(row[6]),
      unread: truth(row[7]),
      columns: columnsOf.get(oid) ?? [],
      parents: parents.get(oid) ?? [],
      children: children.get(oid) ?? [],
      triggers: triggersOf.get(oid) ?? [],
      referencedBy: referencedBy.get(oid) ?? [],
      reaches: reaches.get(oid) ?? [],
      analysed: analysed.get(oid) ?? [],
      expressions: texts.get(oid) ?? [],
      unique: unique.get(oid) ?? [],
      excluding: excludingOf.get(oid) ?? [],
      indexed: [...new Set(indexed.get(oid)?.flat())],
      references: references.get(oid) ?? [],
      definition: definitions.get(oid) ?? null,
    };
  });
}

function types(rows: CatalogRows): Type[] {
  const reached = (byDefault: boolean): Map<number, number[]> =>
    grouped(
      rows.reaches
        .filter((row) => truth(row[3]) === byDefault)
        .map((row) => [number(row[1]), number(row[2])] as const),
    );
  const [reaches, defaults] = [reached(false), reached(true)];
  const texts = expressionsBy(rows, 1);
  return rows.types.map((row) => {
    const oid = number(row[0]);
    return {
      oid,
      schema: string(row[1]),
      name: string(row[2]),
      kind: string(row[3]),
      category: string(row[4]),
      preferred: truth(row[5]),
      base: number(row[6]),
      element: number(row[7]),
      array: number(row[8]),
      relation: number(row[9]),
      reaches: oid === 0 ? [] : (reaches.get(oid) ?? []),
      defaults: oid === 0 ? [] : (defaults.get(oid) ?? []),
      expressions: oid === 0 ? [] : (texts.get(oid) ?? []),
    };
  });
}

const index = <T extends { readonly oid: number }>(items: readonly T[]): Map<number, T> =>
  new Map(items.map((item) => [item.oid, item]));

const namedIndex = <T extends { readonly schema: string; readonly name: string }>(
  items: readonly T[],
): Map<string, T> => new Map(items.map((item) => [`${item.schema}\0${item.name}`, item]));

/**
 * Builds the catalog from the rows of `catalogQueries`, each value in text format. `stored` parses definitions
 * and bodies; without it, views and functions are not traced.
 */
export function readCatalog(rows: CatalogRows, stored: Catalog["stored"] = () => null): Catalog {
  const allRelations = relations(rows);
  const allTypes = types(rows);
  const allFunctions = functions(rows);
  const allCasts = casts(rows);
  const relationsByName = namedIndex(allRelations.filter((relation) => relation.kind !== "c"));
  const typesByName = namedIndex(allTypes);
  const castsByTypes = new Map(allCasts.map((cast) => [`${cast.source}:${cast.target}`, cast]));
  const userCastTargets = new Set(
    allCasts.filter((cast) => !cast.builtin && cast.method === "f").map((cast) => cast.target),
  );
  return {
    version: number(rows.version[0]?.[0]),
    readsSettings: unlessFalse(rows.version[0]?.[1]),
    schemas: new Set(rows.schemas.map((row) => string(row[0]))),
    relations: index(allRelations),
    types: index(allTypes),
    functions: index(allFunctions),
    functionsByName: byName(allFunctions),
    operatorsByName: byName(operators(rows)),
    languages:
      rows.languages.length > 0 ? new Set(rows.languages.map((row) => string(row[0]))) : null,
    eventTriggers: rows.eventTriggers.map((row) => number(row[0])),
    temporary: false,
    relation: (schema, name) => relationsByName.get(`${schema}\0${name}`),
    type: (schema, name) => typesByName.get(`${schema}\0${name}`),
    cast: (source, target) => castsByTypes.get(`${source}:${target}`),
    userCasts: allCasts.some(
      (cast) => !cast.builtin && cast.method === "f" && cast.context !== "e",
    ),
    userCastTo: (target) => userCastTargets.has(target),
    stored,
  };
}
