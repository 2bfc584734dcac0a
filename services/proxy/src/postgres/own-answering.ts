import type { MessageFields, TransactionStatus } from "@sallyport/pgwire";
import type { OwnAnswer } from "./owed.ts";
import { textRows, type OwnRows } from "./own-connection.ts";

/** What a query of the proxy's own is answered: gathered up to its ReadyForQuery. The client sees none of it. */
export class OwnAnswering {
  #rows: OwnRows = [];
  #error: MessageFields | null = null;

  rows(bytes: Buffer): void {
    this.#rows.push(...textRows(bytes));
  }

  /** The first error counts. */
  failed(fields: MessageFields): void {
    this.#error ??= fields;
  }

  /** Once: all of it. */
  take(status: TransactionStatus): OwnAnswer {
    const error = this.#error;
    const rows = error ? [] : this.#rows;
    this.#error = null;
    this.#rows = [];
    return { rows, error, status };
  }
}
