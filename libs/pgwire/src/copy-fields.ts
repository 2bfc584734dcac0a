import { ByteSink } from "./byte-sink.ts";
import type { ValueWriter } from "./data-row.ts";
import { ProtocolError } from "./protocol-error.ts";

/** The fields of a line as they are met: those that stay are copied as they came, the others are masked. */
export class FieldMasks {
  readonly #writers: readonly (ValueWriter | undefined)[];
  /** The value that is masked, as the column holds it. */
  readonly read = new ByteSink(256);
  /** Its masked form. */
  readonly written = new ByteSink(256);
  #data: Buffer = Buffer.alloc(0);
  #sink = this.read;
  #taken = 0;
  #column = 0;

  constructor(writers: readonly (ValueWriter | undefined)[]) {
    this.#writers = writers;
  }

  get single(): boolean {
    return this.#writers.length === 1;
  }

  /** Which column the last field is of. */
  get column(): number {
    return this.#column - 1;
  }

  begin(data: Buffer, start: number, sink: ByteSink): this {
    this.#data = data;
    this.#sink = sink;
    this.#taken = start;
    this.#column = 0;
    return this;
  }

  /** A field from `from` to `to`. True when the caller has to replace it: what is before it is appended then. */
  next(from: number, to: number): boolean {
    if (this.#column >= this.#writers.length) throw this.differs();
    const writer = this.#writers[this.#column++];
    if (writer === undefined) return false;
    this.#sink.append(this.#data, this.#taken, from);
    this.#taken = to;
    this.read.at = 0;
    return true;
  }

  /** Makes `written` of `read`. False for NULL. */
  mask(isNull: boolean): boolean {
    const { read, written } = this;
    written.at = 0;
    const writer = this.#writers[this.column];
    return writer !== undefined && writer(read.bytes, 0, isNull ? -1 : read.at, written);
  }

  end(end: number): void {
    if (this.#column !== this.#writers.length) throw this.differs();
    this.#sink.append(this.#data, this.#taken, end);
    this.#data = empty;
  }

  differs(): ProtocolError {
    return new ProtocolError("message-format", "a line of COPY differs from its columns");
  }
}

const empty = Buffer.alloc(0);
