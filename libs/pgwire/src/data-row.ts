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
 * `writers[i]` is undefined for a column that stays; a row with another number of columns is a ProtocolError,
 * because a mask would fall on the wrong one.
 */
export function rewriteRows(
  run: Buffer,
  writers: readonly (ValueWriter | undefined)[],
  sink: ByteSink,
): void {
  /** Up to here the run is copied or replaced. */
  let taken = 0;
  for (let start = 0; start < run.length;) {
    const length = run.readInt32BE(start + 1);
    const end = start + 1 + length;
    if (length < 6 || end > run.length) throw differs();
    const rowAt = sink.at + start - taken;
    const before = taken;
    taken = rewriteTuple(run, start + 5, end, writers, taken, sink);
    // Where the row ends here, less where it would end if nothing had changed.
    if (taken !== before) {
      const changed = sink.at + end - taken - rowAt - 1;
      if (changed !== length) sink.bytes.writeInt32BE(changed, rowAt + 1);
    }
    start = end;
  }
  sink.append(run, taken);
}

/**
 * A count of columns and their values, which lie from `at` to `end`; the count must be that of `writers`. What lies from
 * `taken` to the last value that is replaced is appended; gives where that ends, or `taken` when none is.
 */
export function rewriteTuple(
  source: Buffer,
  at: number,
  end: number,
  writers: readonly (ValueWriter | undefined)[],
  taken: number,
  sink: ByteSink,
): number {
  if (source.readUInt16BE(at) !== writers.length) throw differs();
  let from = taken;
  let valueAt = at + 2;
  for (const write of writers) {
    if (valueAt + 4 > end) throw differs();
    const held = source.readInt32BE(valueAt);
    const next = held === -1 ? valueAt + 4 : valueAt + 4 + held;
    if (held < -1 || next > end) throw differs();
    if (write !== undefined) {
      sink.append(source, from, valueAt);
      replace(write, source, valueAt, held, sink);
      from = next;
    }
    valueAt = next;
  }
  if (valueAt !== end) throw differs();
  return from;
}

/** Appends the value with its length before it. */
function replace(
  write: ValueWriter,
  run: Buffer,
  at: number,
  length: number,
  sink: ByteSink,
): void {
  sink.reserve(4);
  const valueAt = sink.at + 4;
  sink.at = valueAt;
  const written = write(run, at + 4, length, sink) ? sink.at - valueAt : -1;
  sink.bytes.writeInt32BE(written, valueAt - 4);
}

const differs = () => new ProtocolError("message-format", "a row differs from its description");
