/** Types that the grammar knows; `any` is what can only be shown or put into documents. */
export type Type =
  | "text"
  | "int"
  | "num"
  | "bool"
  | "date"
  | "time"
  | "json"
  | "texts"
  | "mood"
  | "address"
  | "people"
  | "any";

export interface Column {
  readonly name: string;
  readonly type: Type;
}

/** What a FROM clause has under one name; null: columns that go by their bare name only, such as those of USING. */
export interface Item {
  readonly alias: string | null;
  readonly columns: readonly Column[];
  /** Its whole row is a `people`. */
  readonly people?: boolean;
}

export interface Scope {
  readonly items: readonly Item[];
  readonly outer: Scope | null;
  readonly tables: ReadonlyMap<string, readonly Column[]>;
}

export const columnsOf = (text: string): Column[] =>
  text.split(" ").map((one) => {
    const [name = "", type = "any"] = one.split(":");
    return { name, type: type as Type };
  });

const people =
  "id:int name:text email:text code:text pay:num rate:int born:date seen:time doc:json paper:any tags:texts vip:bool mood:mood home:address boss:int city:text at:date loud:text";

/** Relations, and their columns as far as the grammar uses them. */
export const tables: ReadonlyMap<string, readonly Column[]> = new Map(
  Object.entries({
    people,
    mirror: people,
    sales: "id:int person:int note:text amount:num at:date labels:texts extra:json",
    notes: "id:int body:text n:num",
    deeds: "id:int secret:text at:date",
    deeds_old: "id:int secret:text at:date more:text",
    acts: "id:int act:text",
    trips: "id:int price:num name:text",
    trips_1: "id:int price:num name:text",
    cards: "id:int name:text mail:text code:text quiet:text pay:num",
    wholes: "one:people id:int",
    listed: "id:int body:text",
  }).map(([name, columns]) => [name, columnsOf(columns)] as const),
);

export const peopleColumns = columnsOf(people);

/** The text of each column of a type that a scope can name; outer ones where the name is not hidden. */
export function references(scope: Scope, type: Type): string[] {
  const found: string[] = [];
  const hidden = new Set<string>();
  for (let at: Scope | null = scope; at; at = at.outer) {
    const times = new Map<string, number>();
    for (const { columns } of at.items)
      for (const { name } of columns) times.set(name, (times.get(name) ?? 0) + 1);
    for (const { alias, columns } of at.items) {
      if (alias !== null && hidden.has(alias)) continue;
      for (const column of columns) {
        if (column.type !== type) continue;
        if (alias === null) found.push(column.name);
        else {
          found.push(`${alias}.${column.name}`);
          if (times.get(column.name) === 1 && at === scope) found.push(column.name);
        }
      }
    }
    for (const { alias } of at.items) if (alias !== null) hidden.add(alias);
  }
  return found;
}

/** Names whose whole row is a `people`. */
export function wholePeople(scope: Scope): string[] {
  return scope.items.flatMap(({ alias, people: whole }) =>
    whole && alias !== null ? [alias] : [],
  );
}

export function wholeRows(scope: Scope): string[] {
  return scope.items.flatMap(({ alias }) => (alias === null ? [] : [alias]));
}
