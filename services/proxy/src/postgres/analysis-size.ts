import type { Analysis, Naming, Statement } from "@sallyport/sql";

/** Bytes, rounded up from what the heap showed. */
const sizes = { statement: 512, output: 96, operation: 512, touch: 16 };

/** About how many bytes an analysis takes, with what is made of it: a short text with stars can have 1,664 outputs. */
export function analysisSize(analysis: Analysis): number {
  if (analysis.kind !== "analysed") return sizes.statement;
  let size = 0;
  for (const statement of analysis.statements) {
    size += askedSize(statement);
    for (const change of statement.effects.naming ?? []) size += namingSize(change);
  }
  return size;
}

/** What PREPARE or DECLARE puts under a name. */
export function namingSize(change: Naming): number {
  switch (change.kind) {
    case "prepare":
      return change.prepared.size;
    case "declare":
      return askedSize(change.cursor);
    case "deallocate":
    case "close":
    case "doubt":
      return 0;
  }
}

/** The same of one statement, or of a cursor. */
export const askedSize = ({
  operations,
  outputs,
  touches,
}: Pick<Statement, "operations" | "outputs" | "touches">): number =>
  sizes.statement +
  sizes.operation * operations.length +
  sizes.output * (outputs?.length ?? 0) +
  sizes.touch * touches.length;
