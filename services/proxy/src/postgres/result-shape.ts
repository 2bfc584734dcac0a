import { readColumnPath, type Masker } from "@sallyport/contracts";
import {
  computedConstant,
  constantWriter,
  jsonMaskWriterFor,
  leastRevealing,
  maskWriterFor,
  type MaskedColumn,
  type PathMask,
  type TypeInfo,
} from "@sallyport/masking";
import type { Detecting } from "./detecting.ts";
import { formatOf, type Field, type Format, type ValueWriter } from "@sallyport/pgwire";
import type { Output } from "@sallyport/sql";

/** What the target's catalog tells about a result's columns. */
export interface ColumnKnowledge {
  typeInfo(oid: number): TypeInfo | undefined;
  /** Whether the catalog has this relation. */
  has(tableOid: number): boolean;
  /** Resource ids of the classified columns that a relation's column stands for; none when it is not classified. */
  classified(tableOid: number, attnum: number): readonly string[];
  /** The modifier of a relation's column's type; -1 when it has none, or is not known. */
  typmod(tableOid: number, attnum: number): number;
}

/** What happens to the rows of one result: as they came, with columns replaced, or not at all. */
export type ResultShape =
  | { readonly kind: "as-it-comes" }
  | {
      readonly kind: "masked";
      readonly writers: readonly (ValueWriter | undefined)[];
    }
  | { readonly kind: "mismatch"; readonly problem: string };

const asItComes: ResultShape = { kind: "as-it-comes" };

/**
 * INVARIANT (I3): decides from the origins that were computed before the gate; what the target says of the
 * result (`fields`) is a check. `outputs` null: unknown, so every column counts as computed from every
 * classified one.
 */
export function resultShape(
  outputs: readonly Output[] | null,
  fields: readonly Field[] | null,
  formats: readonly Format[],
  masks: ReadonlyMap<string, Masker>,
  key: Buffer,
  knows: ColumnKnowledge,
  detecting: Detecting | null = null,
): ResultShape {
  if (outputs === null) {
    if (masks.size === 0 && detecting === null) return asItComes;
    if (fields === null)
      return { kind: "mismatch", problem: "a result came that nobody described" };
    return {
      kind: "masked",
      writers: fields.map(({ type, typeModifier: typmod }, index) => {
        const format = formatAt(fields, formats, index);
        if (masks.size > 0) return constant(type, format, typmod, knows);
        const typeInfo = knows.typeInfo(type);
        return detecting?.writer({ typeOid: type, typmod, typeInfo, format, key });
      }),
    };
  }
  if (fields !== null) {
    const problem = differs(outputs, fields, knows);
    if (problem !== null) return { kind: "mismatch", problem };
  }
  if (masks.size === 0 && detecting === null) return asItComes;
  let masked = false;
  const writers = outputs.map((output, index) => {
    const field = fields?.[index];
    const type = field?.type ?? output.typeOid;
    const format = formatAt(fields, formats, index);
    const about = (): Omit<MaskedColumn, "masker"> => ({
      typeOid: type,
      typmod:
        field?.typeModifier ??
        (output.kind === "computed" ? -1 : knows.typmod(output.tableOid, output.attnum)),
      typeInfo: knows.typeInfo(type),
      format,
      key,
    });
    switch (output.kind) {
      case "plain": {
        const writer = detecting?.writer(about());
        masked ||= writer !== undefined;
        return writer;
      }
      case "column": {
        const writer = columnWriter(output.columns, masks, about());
        masked ||= writer !== undefined;
        return writer;
      }
      case "computed":
        if (!output.columns.some((column) => masks.has(column))) return undefined;
        masked = true;
        return constant(type, format, field?.typeModifier ?? -1, knows);
    }
  });
  return masked ? { kind: "masked", writers } : asItComes;
}

/** A column as it is stored: its own mask, else those of the paths into it. */
function columnWriter(
  ids: readonly string[],
  masks: ReadonlyMap<string, Masker>,
  column: Omit<MaskedColumn, "masker">,
): ValueWriter | undefined {
  let whole: Masker | undefined;
  const paths: PathMask[] = [];
  for (const id of ids) {
    const masker = masks.get(id);
    if (masker === undefined) continue;
    const path = readColumnPath(id)?.path;
    if (path) paths.push({ path, masker });
    else whole = whole === undefined ? masker : leastRevealing(whole, masker);
  }
  if (whole !== undefined) return maskWriterFor({ ...column, masker: whole });
  return paths.length > 0 ? jsonMaskWriterFor(column, paths) : undefined;
}

function differs(
  outputs: readonly Output[],
  fields: readonly Field[],
  knows: ColumnKnowledge,
): string | null {
  if (fields.length !== outputs.length)
    return `${fields.length} columns instead of ${outputs.length}`;
  for (const [index, output] of outputs.entries()) {
    const field = fields[index];
    if (!field) return `column ${index + 1} is missing`;
    if (output.typeOid !== 0 && field.type !== output.typeOid)
      return `column ${index + 1} has another type`;
    if (field.table === 0) continue;
    if (!knows.has(field.table)) return `column ${index + 1} is of a table that is not known`;
    if (output.kind !== "computed" && output.tableOid !== 0) {
      if (field.table !== output.tableOid || field.attribute !== output.attnum)
        return `column ${index + 1} is another one`;
    }
    const found = knows.classified(field.table, field.attribute);
    if (found.length === 0) continue;
    if (output.kind === "plain" || !found.every((column) => output.columns.includes(column)))
      return `column ${index + 1} is another one`;
  }
  return null;
}

const formatAt = (
  fields: readonly Field[] | null,
  formats: readonly Format[],
  index: number,
): Format => (formats.length > 0 ? formatOf(formats, index) : (fields?.[index]?.format ?? 0));

function constant(
  type: number,
  format: Format,
  typmod: number,
  knows: ColumnKnowledge,
): ValueWriter {
  return constantWriter(computedConstant(type, format, knows.typeInfo(type), typmod));
}
