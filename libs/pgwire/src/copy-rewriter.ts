import type { ByteSink } from "./byte-sink.ts";
import { CopyBinary } from "./copy-binary.ts";
import { CopyCsv } from "./copy-csv.ts";
import type { CopyForm } from "./copy-form.ts";
import { CopyText } from "./copy-text.ts";
import type { ValueWriter } from "./data-row.ts";

const frameHeader = 5;

/**
 * CopyData of one COPY TO with some columns replaced by what PostgreSQL would have written for the masked values. A
 * server sends each line, and each tuple, in a message of its own: what does not is a ProtocolError.
 */
export class CopyRewriter {
  readonly #lines: CopyText | CopyCsv | CopyBinary;
  /** The names of the columns are still to come: they stay. */
  #header: boolean;

  /** `writers[i]` is undefined for a column that stays. */
  constructor(form: CopyForm, writers: readonly (ValueWriter | undefined)[]) {
    this.#header = form.format !== "binary" && form.header;
    this.#lines =
      form.format === "binary"
        ? new CopyBinary(writers)
        : form.format === "csv"
          ? new CopyCsv(form, writers)
          : new CopyText(form, writers);
  }

  /** Appends a run of CopyData messages. @throws {ProtocolError} */
  rewrite(run: Buffer, sink: ByteSink): void {
    for (let start = 0; start < run.length;) {
      const end = start + 1 + run.readInt32BE(start + 1);
      const frameAt = sink.at;
      if (this.#header) {
        this.#header = false;
        sink.append(run, start, end);
      } else {
        sink.append(run, start, start + frameHeader);
        this.#lines.line(run, start + frameHeader, end, sink);
        sink.bytes.writeInt32BE(sink.at - frameAt - 1, frameAt + 1);
      }
      start = end;
    }
  }
}
