import type { Analysis } from "@sallyport/sql";

/** Bytes, rounded up from what the heap showed. */
const sizes = { statement: 512, output: 96, operation: 512, touch: 16 };

/** About how many bytes an analysis takes, with what is made of it: a short text with stars can have 1,664 outputs. */
export function analysisSize(analysis: Analysis): number {
  if (analysis.kind !== "analysed") return sizes.statement;
  let size = 0;
  for (const { operations, outputs, touches } of analysis.statements)
    size +=
      sizes.statement +
      sizes.operation * operations.length +
      sizes.output * (outputs?.length ?? 0) +
      sizes.touch * touches.length;
  return size;
}
