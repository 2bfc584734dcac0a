import type { Analysis, Statement } from "@sallyport/sql";
import type { Done } from "./databases.ts";
import type { Ran, Result } from "./session.ts";
import { idOf, secrets } from "./shop.ts";

type Analysed = Extract<Analysis, { kind: "analysed" }>;

/** What a text is said to do, as one: what one of its statements decides may show in another. */
export class Claims {
  readonly statements: readonly Statement[];
  readonly #uses = new Map<string, Set<string>>();
  readonly #touched: ReadonlySet<string>;

  constructor(analysis: Analysed) {
    this.statements = analysis.statements;
    for (const { resource, use } of analysis.operations) {
      if (resource.type !== "Column" || use === undefined) continue;
      const id = resource.id.slice(resource.id.indexOf("/") + 1);
      this.#uses.set(id, (this.#uses.get(id) ?? new Set()).add(use));
    }
    this.#touched = new Set(analysis.statements.flatMap(({ touches }) => touches));
  }

  asks(column: string, use: string): boolean {
    return this.#uses.get(column)?.has(use) ?? false;
  }

  touches(column: string): boolean {
    return this.#touched.has(column);
  }

  feeds(column: string, statement: number, output: number): boolean {
    const found = this.statements[statement]?.outputs?.[output];
    return found !== undefined && found.kind !== "plain" && found.columns.includes(column);
  }

  /** Classified columns that only a lookup decides by may still decide, where a literal finds them. */
  decides(column: string): boolean {
    const guessable = secrets.some((secret) => idOf(secret) === column && secret.guessable);
    return this.asks(column, "predicate") || (guessable && this.asks(column, "lookup"));
  }
}

/** Lines of a COPY are one text here. */
const isCopy = ({ tag }: Result): boolean => tag.startsWith("COPY");

/** Where the results differ from what was expected of their columns. */
export function descriptions(claims: Claims, ran: Ran): string[] {
  const found: string[] = [];
  for (const [at, { fields }] of ran.results.entries()) {
    const outputs = claims.statements[at]?.outputs;
    if (fields === null || outputs === undefined) continue;
    if (outputs?.length !== fields.length) {
      found.push(`${fields.length} columns, expected ${outputs?.length ?? "none"}`);
      continue;
    }
    for (const [index, field] of fields.entries()) {
      const output = outputs[index];
      if (!output) continue;
      if (output.name !== field.name) found.push(`"${field.name}", expected "${output.name}"`);
      if (output.typeOid !== 0 && output.typeOid !== field.type)
        found.push(`"${field.name}" of type ${field.type}, expected ${output.typeOid}`);
      if (output.kind === "computed") continue;
      // A whole row and what is read from a function name a relation in some versions only.
      if (output.tableOid === 0) continue;
      if (output.tableOid !== field.table || output.attnum !== field.attribute)
        found.push(
          `"${field.name}" of ${field.table}.${field.attribute}, expected ${output.tableOid}.${output.attnum}`,
        );
    }
  }
  return found;
}

/** Values of classified columns that show where nobody said so. */
export function shown(claims: Claims, { ran, state }: Done): string[] {
  const found = new Set<string>();
  for (const secret of secrets) {
    const { canary } = secret;
    const id = idOf(secret);
    if (!canary) continue;
    for (const [at, result] of ran.results.entries()) {
      // Plans show constants only, EXPLAIN's are withheld while what it touches is masked.
      const explains = claims.statements[at]?.explain !== undefined;
      for (const row of result.rows)
        for (const [column, value] of row.entries()) {
          if (value === null || !canary.test(value)) continue;
          const said = explains
            ? claims.touches(id)
            : isCopy(result)
              ? claims.statements[at]?.outputs?.some((_, output) => claims.feeds(id, at, output))
              : claims.feeds(id, at, column);
          if (!said) found.add(`${id} shows in column ${column + 1} of statement ${at + 1}`);
        }
    }
    const texts = [ran.error?.text ?? "", ...ran.notices];
    if (texts.some((text) => canary.test(text)) && !claims.touches(id))
      found.add(`${id} shows in an error or notice`);
    for (const [column, value] of state ?? [])
      if (canary.test(value) && column !== id && !wasThere(column) && !claims.asks(id, "write"))
        found.add(`${id} is stored in ${column}`);
  }
  return [...found];
}

const wasThere = (column: string): boolean => secrets.some((secret) => idOf(secret) === column);

/** What changes with a classified column although nobody said that it is fed by it, or decided by it. */
export function changes(claims: Claims, id: string, base: Done, variant: Done): string[] {
  const found: string[] = [];
  const decided = claims.decides(id);
  const [one, two] = [base.ran, variant.ran];
  // What is stored must fit, and may be there already: who may store a value may learn whether it does.
  const stores = claims.asks(id, "write");
  if (one.error?.sqlstate !== two.error?.sqlstate && !decided && !stores)
    found.push(`${id} decides about an error: ${(one.error ?? two.error)?.text ?? ""}`);
  const texts = ({ error, notices }: Ran): string => [error?.text ?? "", ...notices].join("\n");
  if (texts(one) !== texts(two) && !claims.touches(id) && !decided)
    found.push(`${id} changes the text of an error or notice`);
  if (decided) return found;
  for (const [at, result] of one.results.entries()) {
    const other = two.results[at];
    if (!other) continue;
    if (claims.statements[at]?.explain !== undefined) {
      if (JSON.stringify(result.rows) !== JSON.stringify(other.rows) && !claims.touches(id))
        found.push(`${id} changes a plan`);
      continue;
    }
    if (result.tag !== other.tag || result.rows.length !== other.rows.length) {
      if (stores) continue;
      found.push(`${id} decides how many rows statement ${at + 1} has`);
    } else found.push(...changedColumns(claims, id, at, result, other));
  }
  if (base.state && variant.state && !stores)
    for (const [column, value] of base.state)
      if (column !== id && variant.state.get(column) !== value)
        found.push(`${id} changes what ${column} holds`);
  return found;
}

function changedColumns(
  claims: Claims,
  id: string,
  at: number,
  one: Result,
  two: Result,
): string[] {
  const outputs = claims.statements[at]?.outputs ?? [];
  if (isCopy(one)) {
    const fed = outputs.some((_, output) => claims.feeds(id, at, output));
    const same = one.rows.every((row, index) => row[0] === two.rows[index]?.[0]);
    return same || fed ? [] : [`${id} changes lines of a COPY`];
  }
  const changed = new Set<number>();
  for (const [index, row] of one.rows.entries())
    for (const [column, value] of row.entries())
      if (two.rows[index]?.[column] !== value && !claims.feeds(id, at, column)) changed.add(column);
  return Array.from(
    changed,
    (column) => `${id} changes column ${column + 1} of statement ${at + 1}`,
  );
}
