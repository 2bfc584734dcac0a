import { BodyReader } from "./body-reader.ts";
import type { ByteSink } from "./byte-sink.ts";
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
 * Appends what leaves in place of the value of `length` bytes at `start` of `source`, which it does not keep; a length
 * of -1 is NULL. False when NULL leaves: then it has appended nothing.
 */
export type ValueWriter = (
  source: Buffer,
  start: number,
  length: number,
  sink: ByteSink,
) => boolean;

/**
 * Appends a run of DataRows with some columns replaced to `sink`; what lies between is copied as it came.
 * `fieldCount` is RowDescription's: a row with another number of columns is a ProtocolError, because
 * a mask would fall on the wrong one. `writers[i]` is undefined for a column that stays.
 */
export function rewriteRows(
  run: Buffer,
  fieldCount: number,
  writers: readonly (ValueWriter | undefined)[],
  sink: ByteSink,
): void {
  const columns = 1 + writers.findLastIndex((writer) => writer !== undefined);
  /** Up to here the run is copied or replaced. */
  let taken = 0;
  for (let start = 0; start < run.length;) {
    const length = run.readInt32BE(start + 1);
    const end = start + 1 + length;
    if (length < 6 || end > run.length || run.readUInt16BE(start + 5) !== fieldCount)
      throw differs();
    const rowAt = sink.at + start - taken;
    let more = 0;
    let at = start + 7;
    // What follows the last column that is replaced stays, whatever it is.
    for (let column = 0; column < columns; column++) {
      if (at + 4 > end) throw differs();
      const held = run.readInt32BE(at);
      const next = held === -1 ? at + 4 : at + 4 + held;
      if (held < -1 || next > end) throw differs();
      const write = writers[column];
      if (write !== undefined) {
        sink.append(run, taken, at);
        more += replace(write, run, at, held, sink) - (next - at);
        taken = next;
      }
      at = next;
    }
    if (more !== 0) sink.bytes.writeInt32BE(length + more, rowAt + 1);
    start = end;
  }
  sink.append(run, taken);
}

/** Appends the value with its length before it; gives the bytes of both. */
function replace(
  write: ValueWriter,
  run: Buffer,
  at: number,
  length: number,
  sink: ByteSink,
): number {
  sink.reserve(4);
  const valueAt = sink.at + 4;
  sink.at = valueAt;
  const written = write(run, at + 4, length, sink) ? sink.at - valueAt : -1;
  sink.bytes.writeInt32BE(written, valueAt - 4);
  return written === -1 ? 4 : 4 + written;
}

const differs = () => new ProtocolError("message-format", "a row differs from its description");
