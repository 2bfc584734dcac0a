import type { ByteSink } from "./byte-sink.ts";
import { FieldMasks } from "./copy-fields.ts";
import type { CopyForm } from "./copy-form.ts";
import type { ValueWriter } from "./data-row.ts";

type CsvForm = Extract<CopyForm, { format: "csv" }>;

const newline = 0x0a;
const endOfData = Buffer.from("\\.");

/** Lines of COPY TO in CSV format with some columns replaced (CopyAttributeOutCSV in copyto.c). */
export class CopyCsv {
  readonly #form: CsvForm;
  readonly #fields: FieldMasks;

  constructor(form: CsvForm, writers: readonly (ValueWriter | undefined)[]) {
    this.#form = form;
    this.#fields = new FieldMasks(writers);
  }

  /** Appends the line from `start` to `end` of `data`, its newline included. @throws {ProtocolError} */
  line(data: Buffer, start: number, end: number, sink: ByteSink): void {
    const { delimiter, quote } = this.#form;
    const fields = this.#fields.begin(data, start, sink);
    const last = end - 1;
    if (data[last] !== newline) throw fields.differs();
    for (let from = start; ;) {
      const quoted = data[from] === quote;
      let to = from;
      if (quoted) to = this.#closing(data, from + 1, last) + 1;
      else while (to < last && data[to] !== delimiter) to++;
      if (to > last || (to < last && data[to] !== delimiter)) throw fields.differs();
      if (fields.next(from, to)) this.#field(data, from, to, quoted, sink);
      if (to === last) break;
      from = to + 1;
    }
    fields.end(end);
  }

  /** Where the quote stands that ends a field; beyond `last` when none does. */
  #closing(data: Buffer, from: number, last: number): number {
    const { quote, escape } = this.#form;
    for (let at = from; at < last; at++) {
      const byte = data[at];
      const next = data[at + 1];
      if (byte === escape && at + 1 < last && (next === quote || next === escape)) at++;
      else if (byte === quote) return at;
    }
    return last;
  }

  #field(data: Buffer, from: number, to: number, quoted: boolean, sink: ByteSink): void {
    const { nullText } = this.#form;
    const { read } = this.#fields;
    // A value that looks like the null text is quoted.
    const isNull =
      !quoted && to - from === nullText.length && nullText.compare(data, from, to) === 0;
    if (quoted) this.#unescape(data, from + 1, to - 1, read);
    else if (!isNull) read.append(data, from, to);
    if (!this.#fields.mask(isNull)) return sink.append(nullText);
    this.#write(sink);
  }

  #unescape(data: Buffer, from: number, to: number, sink: ByteSink): void {
    const { quote, escape } = this.#form;
    sink.reserve(to - from);
    let { at } = sink;
    for (let index = from; index < to; index++) {
      const next = data[index + 1];
      if (data[index] === escape && index + 1 < to && (next === quote || next === escape)) index++;
      sink.bytes[at++] = data[index] ?? 0;
    }
    sink.at = at;
  }

  #write(sink: ByteSink): void {
    const { quote, escape } = this.#form;
    const { written } = this.#fields;
    const value = written.bytes.subarray(0, written.at);
    if (!this.#quotes(value)) return sink.append(value);
    sink.reserve(2 * value.length + 2);
    const { bytes } = sink;
    let { at } = sink;
    bytes[at++] = quote;
    for (const byte of value) {
      if (byte === quote || byte === escape) bytes[at++] = escape;
      bytes[at++] = byte;
    }
    bytes[at++] = quote;
    sink.at = at;
  }

  #quotes(value: Buffer): boolean {
    const { delimiter, quote, nullText, forceQuote } = this.#form;
    if (forceQuote[this.#fields.column] === true || value.equals(nullText)) return true;
    if (this.#fields.single && value.equals(endOfData)) return true;
    return value.some(
      (byte) => byte === delimiter || byte === quote || byte === newline || byte === 0x0d,
    );
  }
}
