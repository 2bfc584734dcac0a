import type { ByteSink } from "./byte-sink.ts";
import { FieldMasks } from "./copy-fields.ts";
import type { CopyForm } from "./copy-form.ts";
import type { ValueWriter } from "./data-row.ts";

type TextForm = Extract<CopyForm, { format: "text" }>;

const backslash = 0x5c;
const newline = 0x0a;
/** What stands after a backslash for each of the control characters \b \t \n \v \f \r, which begin at 8. */
const letters = Buffer.from("btnvfr");
const firstLetter = 0x08;

/** Lines of COPY TO in text format with some columns replaced (CopyAttributeOutText in copyto.c). */
export class CopyText {
  readonly #form: TextForm;
  readonly #fields: FieldMasks;

  constructor(form: TextForm, writers: readonly (ValueWriter | undefined)[]) {
    this.#form = form;
    this.#fields = new FieldMasks(writers);
  }

  /** Appends the line from `start` to `end` of `data`, its newline included. @throws {ProtocolError} */
  line(data: Buffer, start: number, end: number, sink: ByteSink): void {
    const { delimiter } = this.#form;
    const fields = this.#fields.begin(data, start, sink);
    const last = end - 1;
    if (data[last] !== newline) throw fields.differs();
    let from = start;
    for (let at = start; at <= last; at++) {
      const byte = data[at];
      if (byte === backslash) at++;
      else if (byte === delimiter || at === last) {
        const masked = fields.next(from, at);
        if (masked) this.#field(data, from, at, sink);
        from = at + 1;
      }
    }
    // A backslash before the newline would have taken it.
    if (from !== end) throw fields.differs();
    fields.end(end);
  }

  #field(data: Buffer, from: number, to: number, sink: ByteSink): void {
    const { nullText, delimiter } = this.#form;
    const { read, written } = this.#fields;
    const isNull = to - from === nullText.length && nullText.compare(data, from, to) === 0;
    if (!isNull) unescape(data, from, to, read);
    if (!this.#fields.mask(isNull)) return sink.append(nullText);
    sink.reserve(2 * written.at);
    const { bytes } = sink;
    let { at } = sink;
    for (let index = 0; index < written.at; index++) {
      const byte = written.bytes[index] ?? 0;
      const letter = letters[byte - firstLetter];
      if (letter !== undefined || byte === backslash || byte === delimiter) bytes[at++] = backslash;
      bytes[at++] = letter ?? byte;
    }
    sink.at = at;
  }
}

function unescape(data: Buffer, from: number, to: number, sink: ByteSink): void {
  sink.reserve(to - from);
  let { at } = sink;
  for (let index = from; index < to; index++) {
    let byte = data[index] ?? 0;
    if (byte === backslash) {
      index++;
      byte = data[index] ?? 0;
      const letter = letters.indexOf(byte);
      if (letter !== -1) byte = firstLetter + letter;
    }
    sink.bytes[at++] = byte;
  }
  sink.at = at;
}
