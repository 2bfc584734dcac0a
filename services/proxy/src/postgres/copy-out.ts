import { copyForm, CopyRewriter, type CopyForm, type CopyStart } from "@sallyport/pgwire";
import type { CopyOut } from "./judged.ts";
import { resultShape, type ColumnKnowledge } from "./result-shape.ts";
import type { Running } from "./running.ts";
import { Unforeseen } from "./unforeseen.ts";

/** Why masks are in the way of a COPY … TO STDOUT of this command; null when they are not. */
export function unmaskableCopy({ judged, masks }: Running): string | null {
  if (masks.size === 0) return null;
  for (const copy of judged.copies) {
    if (copy === null) continue;
    if (copy.columns === null) return "what COPY reads is not known";
    const masked = copy.columns.some(
      (output) => output.kind !== "plain" && output.columns.some((column) => masks.has(column)),
    );
    const form = masked ? formOf(copy) : null;
    if (typeof form === "string") return form;
  }
  return null;
}

/**
 * What rewrites the lines of the COPY that `started`; null when they leave as they come.
 * @throws {Unforeseen} when it is another than was judged
 */
export function copyRewriter(
  { judged, masks, statement }: Running,
  started: CopyStart,
  key: Buffer,
  knows: ColumnKnowledge,
): CopyRewriter | null {
  if (masks.size === 0) return null;
  const copy = judged.copies[judged.kind === "simple" ? statement : 0] ?? null;
  if (copy === null || copy.columns === null)
    throw new Unforeseen("rows of COPY cannot be masked", "not-maskable");
  const binary = copy.format === "binary" ? 1 : 0;
  const { columns } = copy;
  const shape = resultShape(columns, null, [binary], masks, key, knows);
  if (shape.kind !== "masked") return null;
  if (started.format !== binary || started.columnFormats.length !== columns.length)
    throw new Unforeseen("COPY has other columns", "origin-mismatch");
  const form = formOf(copy);
  if (typeof form === "string") throw new Unforeseen(form, "not-maskable");
  return new CopyRewriter(form, shape.writers);
}

const formOf = ({ format, options, columns }: CopyOut): CopyForm | string =>
  copyForm(
    format,
    options,
    (columns ?? []).map(({ name }) => name),
  );
