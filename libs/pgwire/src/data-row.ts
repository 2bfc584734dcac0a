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

/** Gives what leaves instead of a value; NULL may become a value and the other way round. */
export type Replacer = (value: Value) => Uint8Array | null;

/**
 * A run of DataRows with some columns replaced; what lies between is copied as it came.
 * `fieldCount` is RowDescription's: a row with another number of columns is a ProtocolError, because
 * a mask would fall on the wrong one. `replacers[i]` is undefined for a column that stays.
 */
export function rewriteRows(
  run: Buffer,
  fieldCount: number,
  replacers: readonly (Replacer | undefined)[],
): Buffer {
  const output = new Rewriter(run);
  for (let start = 0; start < run.length;) {
    const end = start + 1 + run.readInt32BE(start + 1);
    if (end - start < 7 || run.readUInt16BE(start + 5) !== fieldCount) throw differs();
    const rowAt = output.place(start);
    let at = start + 7;
    for (let column = 0; column < fieldCount; column++) {
      if (at + 4 > end) throw differs();
      const length = run.readInt32BE(at);
      const next = at + 4 + (length === -1 ? 0 : length);
      if (length < -1 || next > end) throw differs();
      const replace = replacers[column];
      if (replace !== undefined)
        output.replace(at, next, replace(length === -1 ? null : run.subarray(at + 4, next)));
      at = next;
    }
    if (at !== end) throw differs();
    output.resize(rowAt, end);
    start = end;
  }
  return output.finish();
}

const differs = () => new ProtocolError("message-format", "a row differs from its description");

/** A copy of `source` with stretches replaced, in order. */
class Rewriter {
  readonly #source: Buffer;
  #bytes: Buffer;
  #at = 0;
  /** Up to here the source is copied or replaced. */
  #taken = 0;

  constructor(source: Buffer) {
    this.#source = source;
    this.#bytes = Buffer.allocUnsafe(source.length + (source.length >> 3) + 64);
  }

  /** Where the byte of the source at `index`, not taken yet, comes to lie if nothing before it is replaced. */
  place(index: number): number {
    return this.#at + index - this.#taken;
  }

  /** Puts a length-prefixed value in place of the source from `start` to `end`. */
  replace(start: number, end: number, value: Uint8Array | null): void {
    const length = value?.length ?? 0;
    this.#take(start, 4 + length);
    this.#at = this.#bytes.writeInt32BE(value === null ? -1 : length, this.#at);
    if (value !== null) this.#bytes.set(value, this.#at);
    this.#at += length;
    this.#taken = end;
  }

  /** Corrects the length of the frame that begins at `frameAt` here and ends at `end` in the source. */
  resize(frameAt: number, end: number): void {
    if (frameAt < this.#at) this.#bytes.writeInt32BE(this.place(end) - frameAt - 1, frameAt + 1);
  }

  finish(): Buffer {
    this.#take(this.#source.length, 0);
    return this.#bytes.subarray(0, this.#at);
  }

  #take(end: number, more: number): void {
    const needed = this.#at + end - this.#taken + more;
    if (needed > this.#bytes.length) {
      const grown = Buffer.allocUnsafe(2 * needed);
      this.#bytes.copy(grown, 0, 0, this.#at);
      this.#bytes = grown;
    }
    this.#at += this.#source.copy(this.#bytes, this.#at, this.#taken, end);
    this.#taken = end;
  }
}
