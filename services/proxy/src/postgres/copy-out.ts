import {
  copyForm,
  CopyRewriter,
  nullMayBeValue,
  type CopyForm,
  type CopyStart,
} from "@sallyport/pgwire";
import type { Output } from "@sallyport/sql";
import type { CopyOut } from "./judged.ts";
import { resultShape, type ColumnKnowledge } from "./result-shape.ts";
import type { Running } from "./running.ts";
import { Unforeseen } from "./unforeseen.ts";

const notKnown = "what COPY reads is not known";

/** Why masks or detectors are in the way of a COPY … TO STDOUT of this command; null when they are not. */
export function unmaskableCopy({ judged, masks, detecting }: Running): string | null {
  if (masks.size === 0 && detecting === null) return null;
  for (const copy of judged.copies) {
    if (copy === null) continue;
    if (copy.columns === null) return notKnown;
    const masked = copy.columns.some(
      (output) => output.kind !== "plain" && output.columns.some((column) => masks.has(column)),
    );
    if (!masked && detecting === null) continue;
    const form = formOf(copy);
    if (typeof form === "string") return form;
    // Who may choose a null text that a value can look like learns which values do.
    if (masked && nullMayBeValue(form)) return "the null text of COPY may be a value's, too";
  }
  return null;
}

/**
 * What rewrites the lines of the COPY that `started`; null when they leave as they come, a text why they may not.
 * @throws {Unforeseen} when it is another than was judged
 */
export function copyRewriter(
  { judged, masks, detecting, statement }: Running,
  started: CopyStart,
  key: Buffer,
  knows: ColumnKnowledge,
): CopyRewriter | string | null {
  if (masks.size === 0 && detecting === null) return null;
  const copy = judged.copies[judged.kind === "simple" ? statement : 0] ?? null;
  if (copy === null || copy.columns === null) return notKnown;
  const binary = copy.format === "binary" ? 1 : 0;
  const columns = copy.columns.map(detecting === null ? asItIs : asText);
  const shape = resultShape(columns, null, [binary], masks, key, knows, detecting);
  if (shape.kind !== "masked") return null;
  if (started.format !== binary || started.columnFormats.length !== columns.length)
    throw new Unforeseen("COPY has other columns", "origin-mismatch");
  const form = formOf(copy);
  if (typeof form === "string") return form;
  return new CopyRewriter(form, shape.writers);
}

const asItIs = (output: Output): Output => output;

/** Nobody describes what COPY sends: what may be a text is looked through as one. */
const asText = (output: Output): Output =>
  output.kind === "plain" && output.typeOid === 0 ? { ...output, typeOid: textOid } : output;
const textOid = 25;

const formOf = ({ format, options, columns }: CopyOut): CopyForm | string =>
  copyForm(
    format,
    options,
    (columns ?? []).map(({ name }) => name),
  );
