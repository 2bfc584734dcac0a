import { BodyReader } from "./body-reader.ts";
import { Backend } from "./message-types.ts";
import { ProtocolError } from "./protocol-error.ts";

/** A column's value in its format; null is NULL. */
export type Value = Buffer | null;

/** The values of one DataRow, views of the frame. */
export function parseDataRow(frame: Buffer): Value[] {
  const body = new BodyReader(frame);
  const values: Value[] = [];
  for (let left = body.count(4); left > 0; left--) values.push(body.value());
  body.end();
  return values;
}

export function dataRow(values: readonly (Uint8Array | null)[]): Buffer {
  let length = 7 + 4 * values.length;
  for (const value of values) length += value?.length ?? 0;
  const bytes = Buffer.allocUnsafe(length);
  bytes[0] = Backend.DataRow;
  bytes.writeInt32BE(length - 1, 1);
  bytes.writeUInt16BE(values.length, 5);
  let at = 7;
  for (const value of values) {
    at = bytes.writeInt32BE(value?.length ?? -1, at);
    if (value === null) continue;
    bytes.set(value, at);
    at += value.length;
  }
  return bytes;
}

/**
 * A run of DataRows with some columns replaced; what lies between is copied as it came.
 * `fieldCount` is RowDescription's: a row with another number of columns is a ProtocolError, because
 * a mask would fall on the wrong one. `replacers[i]` is undefined for a column that stays.
 */
export function rewriteRows(
  run: Buffer,
  fieldCount: number,
  replacers: readonly (((value: Value) => Uint8Array | null) | undefined)[],
): Buffer {
  const pieces: Uint8Array[] = [];
  /** Up to here of `run` the pieces hold it. */
  let copied = 0;
  for (let start = 0; start < run.length;) {
    const end = start + 1 + run.readInt32BE(start + 1);
    const body = new BodyReader(run.subarray(0, end), start + 5);
    if (body.count(4) !== fieldCount)
      throw new ProtocolError("message-format", "a row differs from its description");
    const head = Buffer.from(run.subarray(start, start + 5));
    pieces.push(run.subarray(copied, start), head);
    copied = start + 5;
    let grown = 0;
    for (let column = 0; column < fieldCount; column++) {
      const at = end - body.left;
      const value = body.value();
      const replace = replacers[column];
      if (replace === undefined) continue;
      const masked = replace(value);
      const prefix = Buffer.allocUnsafe(4);
      prefix.writeInt32BE(masked?.length ?? -1);
      pieces.push(run.subarray(copied, at), prefix);
      if (masked !== null) pieces.push(masked);
      grown += (masked?.length ?? 0) - (value?.length ?? 0);
      copied = end - body.left;
    }
    body.end();
    head.writeInt32BE(end - start - 1 + grown, 1);
    start = end;
  }
  pieces.push(run.subarray(copied));
  return Buffer.concat(pieces);
}
